// SPDX-License-Identifier: Apache-2.0

package lint

var waiverExpired = Rule{
	ID:      "waiver-expired",
	Title:   "a waiver has expired",
	Impact:  Silent,
	Proof:   "none needed: it is about the repository, not about packets",
	Sources: []string{"chainlint's own rule"},
}
