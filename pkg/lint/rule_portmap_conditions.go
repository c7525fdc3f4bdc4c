// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

var portmapConditions = Rule{
	ID:      "portmap-conditions",
	Title:   "conditions shut clients out of host ports",
	Impact:  SomePods,
	Defeats: allHostPorts,
	Proof:   "packets: clients that do not match are refused (ISO-008); differential test for conditions that the firewall refuses",
	Sources: []string{"containernetworking/plugins:plugins/meta/portmap/README.md (conditionsV4, conditionsV6)"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			for _, name := range []string{"conditionsV4", "conditionsV6"} {
				list := m.conditions(name)
				if list == nil || p.conditionsOf(m, name, list) || !p.shutsOut(m, name) {
					continue
				}
				p.ReportAs(Traffic, false, m.AtField(name), "host ports answer only to traffic that matches %s; everybody else reaches whatever listens on the node, or nothing", list.Compact())
			}
		}
	},
}

// shutsOut tells whether clients that the conditions do not match get no answer, in a pod that has an address of
// their family.
func (p *Pass) shutsOut(m portmapEntry, name string) bool {
	w, client := p.sound(m), outside
	w.Portmap.ConditionsV4, w.Portmap.ConditionsV6 = m.ConditionsV4, m.ConditionsV6
	w.IPStack, w.Tuning, client.Matched = terway.IPStackDual, nil, predict.No
	family := map[string]int{"conditionsV4": 4, "conditionsV6": 6}[name]
	return w.HostPort(client, predict.Port{Family: family}).Outcome == predict.Refused
}

// conditionsOf reports tokens that the firewall refuses; those for IPv6 are only used on dual stack.
func (p *Pass) conditionsOf(m portmapEntry, name string, list *conflist.Node) (refused bool) {
	v6 := name == "conditionsV6"
	if !m.asked() || v6 && p.IPStack() != terway.IPStackDual {
		return false
	}
	if written := predict.ConditionsFor(list, m.version); written != "" && written != m.firewall() && !cni.Lacks(m.version, cni.Backend) {
		return false // portmap-backend has said so
	}
	why := cni.BrokenCondition(list, m.firewall(), v6)
	if why != "" {
		p.ReportAs(m.hostPortPods(), false, m.AtField(name), "%s: %s refuses the rule, and every pod with host ports fails", why, m.firewall())
	}
	return why != ""
}
