// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strings"
)

var twinKey = Rule{
	ID:      "twin-key",
	Title:   "a key stands in two spellings",
	Impact:  Silent,
	Lost:    true,
	Proof:   "differential test: plugins decode names in any case of letters",
	Sources: []string{"Go's encoding/json matches names case-insensitively", "containernetworking/cni:libcni/conf.go (members are written again, sorted)"},
	Check: func(p *Pass) {
		for _, e := range p.Written() {
			first := map[string]string{}
			for _, m := range e.Members {
				folded := strings.ToLower(m.Name())
				if other, ok := first[folded]; ok && other != m.Name() {
					p.Report(e.AtKey(m), "%q is %q in another spelling, and plugins take names in any case of letters: %q counts, the other is silently lost. Keep one", m.Name(), other, e.Fold(folded).Name())
				}
				first[folded] = m.Name()
			}
		}
	},
}
