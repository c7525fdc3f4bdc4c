// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
)

var tuningAllowlist = Rule{
	ID:      "tuning-allowlist",
	Title:   "the nodes do not allow this sysctl",
	Impact:  AllPods,
	Proof:   "differential test with an allow-list in a private mount namespace",
	Sources: []string{"containernetworking/plugins:plugins/meta/tuning/tuning.go (readAllowlist, contains), since v1.2.0 (PR #693)"},
	Check: func(p *Pass) {
		list := p.pool.Node.TuningAllowlist
		for _, s := range p.allSysctls() {
			switch {
			case cni.Lacks(p.Version(cni.Tuning), cni.TuningAllowlist):
			case list == nil:
				p.Needs("node.tuningAllowlist")
			case list.Present && !cni.Allowed(s.Key, list.Lines):
				p.Report(s.atKey(), "no line of the nodes' /etc/cni/tuning/allowlist.conf matches %s (fact node.tuningAllowlist), and tuning fails every pod on it: add a line, or remove the sysctl", s.Key)
			}
		}
	},
}
