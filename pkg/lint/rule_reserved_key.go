// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
)

var reservedKey = Rule{
	ID:      "reserved-key",
	Title:   "a key that belongs to the runtime",
	Impact:  AllPods,
	Proof:   "differential test",
	Sources: []string{"containernetworking/cni:SPEC.md (runtimeConfig, args and keys of cni.dev are reserved)", "containernetworking/cni:libcni/api.go (buildOneConfig)", "containernetworking/plugins:plugins/meta/tuning/tuning.go (parseConf)"},
	Check: func(p *Pass) {
		for _, e := range p.Written() {
			for _, m := range e.Members {
				switch name := strings.ToLower(m.Name()); {
				case name == "args" && e.Type == cni.Tuning && panics(e, m):
					p.Report(e.AtKey(m), "args.cni.sysctl without a sysctl beside it makes tuning panic, so every pod fails: write the sysctls under sysctl")
				case name == "runtimeconfig" && m.Value.Kind == conflist.Object && len(m.Value.Members) > 0:
					p.ReportAs(Traffic, true, e.AtKey(m), "runtimeConfig belongs to the runtime: written here, every pod claims what it says. Remove it, and declare the capability instead")
				case name == "prevresult", name == "args", strings.HasPrefix(name, "cni.dev/"):
					p.ReportAs(Hygiene, false, e.AtKey(m), "%s belongs to the runtime: remove it", m.Name())
				}
			}
		}
	},
}

// panics tells whether tuning writes into a map that it never made.
func panics(e *Entry, args conflist.Member) bool {
	sysctl := e.Value("sysctl")
	inner := args.Value.Fold("cni")
	if inner == nil {
		return false
	}
	asked := inner.Value.Fold("sysctl")
	return sysctl == nil && asked != nil && len(asked.Value.Members) > 0
}
