// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
)

var portmapConditions = Rule{
	ID:      "portmap-conditions",
	Title:   "conditions shut clients out of host ports",
	Impact:  Traffic,
	Proof:   "condition specs; differential test for conditions that iptables refuses",
	Sources: []string{"containernetworking/plugins:plugins/meta/portmap/README.md (conditionsV4, conditionsV6)"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			for _, name := range []string{"conditionsV4", "conditionsV6"} {
				list := m.Value(name)
				if list == nil || len(list.Elements) == 0 {
					continue
				}
				if why := cni.BrokenCondition(list); why != "" && !m.nftables() {
					p.ReportAs(SomePods, false, m.AtField(name), "%s: iptables refuses the rule, and every pod with host ports fails", why)
					continue
				}
				p.Report(m.AtField(name), "host ports answer only to traffic that matches %s; everybody else reaches whatever listens on the node, or nothing", list.Compact())
			}
		}
	},
}
