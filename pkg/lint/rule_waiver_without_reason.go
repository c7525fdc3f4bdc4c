// SPDX-License-Identifier: Apache-2.0

package lint

var waiverWithoutReason = Rule{
	ID:      "waiver-without-reason",
	Title:   "a waiver gives no reason",
	Impact:  Silent,
	Proof:   "none needed: it is about the repository, not about packets",
	Sources: []string{"chainlint's own rule"},
}
