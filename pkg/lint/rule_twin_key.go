// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
)

var twinKey = Rule{
	ID:      "twin-key",
	Title:   "a key stands in two spellings",
	Impact:  AllPods,
	Lost:    true,
	Proof:   "differential test: plugins decode names in any case of letters",
	Sources: []string{"Go's encoding/json matches names case-insensitively", "containernetworking/cni:libcni/conf.go (members are written again, sorted)"},
	Check: func(p *Pass) {
		for _, e := range p.Written() {
			p.sysctlTwice(e)
			first := map[string]string{}
			for _, m := range e.Members {
				folded := strings.ToLower(m.Name())
				if other, ok := first[folded]; ok && other != m.Name() {
					p.ReportAs(Silent, true, e.AtKey(m), "%q is %q in another spelling, and plugins take names in any case of letters: %q counts, the other is silently lost. Keep one", m.Name(), other, e.Fold(folded).Name())
				}
				first[folded] = m.Name()
			}
		}
	},
}

// sysctlTwice: maps in two spellings are poured into one, and from v1.2.0 on tuning refuses a key that both have.
func (p *Pass) sysctlTwice(e *Entry) {
	if e.Type != cni.Tuning || cni.Lacks(p.Version(cni.Tuning), cni.TuningAllowlist) {
		return
	}
	seen := map[string]bool{}
	all, _ := e.Merged("sysctl")
	for _, m := range all {
		if seen[m.Name()] {
			p.Report(e.AtField("sysctl"), "%s stands under two spellings of \"sysctl\", and tuning refuses that: every pod fails. Keep one", m.Name())
		}
		seen[m.Name()] = true
	}
}
