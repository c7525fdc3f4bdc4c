// SPDX-License-Identifier: Apache-2.0

package lint

var waiverUnknown = Rule{
	ID:      "waiver-unknown",
	Title:   "a waiver names no rule",
	Impact:  Silent,
	Proof:   "none needed: it is about the repository, not about packets",
	Sources: []string{"chainlint's own rule"},
}
