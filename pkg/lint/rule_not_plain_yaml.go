// SPDX-License-Identifier: Apache-2.0

package lint

var notPlainYAML = Rule{
	ID:      "not-plain-yaml",
	Title:   "a file that names eni-config is no plain YAML",
	Impact:  Silent,
	Proof:   "none needed: it is about the repository, not about packets",
	Sources: []string{"chainlint's own rule"},
}
