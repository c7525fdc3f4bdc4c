// SPDX-License-Identifier: Apache-2.0

package lint

var waiverUnused = Rule{
	ID:      "waiver-unused",
	Title:   "a waiver waives nothing",
	Impact:  Silent,
	Proof:   "none needed: it is about the repository, not about packets",
	Sources: []string{"chainlint's own rule"},
}
