// SPDX-License-Identifier: Apache-2.0

package lint

// catalogue is where the pages of all rules are.
const catalogue = "https://github.com/chainlint/chainlint/blob/main/pkg/lint/RULES.md"

// Docs is the link to the rule's page.
func (r *Rule) Docs() string { return catalogue + "#" + r.ID }
