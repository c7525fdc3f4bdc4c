// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

var terwayEntryType = Rule{
	ID:      "terway-entry-type",
	Title:   "a key of Terway's own entry that its plugin cannot decode",
	Impact:  AllPods,
	Proof:   "by reading: the plugin decodes its entry for every pod; the key table is that of its source",
	Sources: []string{"AliyunContainerService/terway:plugin/driver/types/types.go (CNIConf)", "AliyunContainerService/terway:cmd/terway-cli/policy.go (cilium_* are read as texts)"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(terway.PluginType) {
			for _, m := range e.Distinct() {
				want, known := terway.PluginKeyType(m.Name())
				at := e.At("/"+conflist.EscapePointer(m.Name()), m.Value)
				switch {
				case strings.EqualFold(m.Name(), "mtu") && m.Value.Kind == conflist.Number && terway.BrokenMTU(m.Value, p.IPStack() == terway.IPStackDual):
					p.Report(at, "an MTU of %s leaves pods without a network, or without IPv6, and every pod fails: write 1280 to what the ENI has", m.Value.Text)
				case m.Name() != terway.SymmetricConfigKey && strings.EqualFold(m.Name(), terway.SymmetricConfigKey) && m.Value.Kind != conflist.Object && m.Value.Kind != conflist.Null:
					p.Report(at, "Terway's plugin takes this for symmetric_routing_config, where an object belongs, and every pod fails: remove it")
				case !known || m.Value.Kind == conflist.Null || want.Holds(m.Value):
					p.hostStackCIDRs(e, m)
				case want.Policy:
					p.ReportAs(Traffic, true, at, "%s must be %s, not %s: Terway's container policy fails on it, and cilium does not start. Put it in quotes", m.Name(), want.Words, a(m.Value.Kind))
				default:
					p.Report(at, "%s must be %s, not %s: Terway's plugin cannot decode its entry, and every pod fails", m.Name(), want.Words, a(m.Value.Kind))
				}
			}
		}
	},
}

// hostStackCIDRs must be prefixes; the plugin parses them for every pod.
func (p *Pass) hostStackCIDRs(e *Entry, m conflist.Member) {
	if !strings.EqualFold(m.Name(), "host_stack_cidrs") {
		return
	}
	for i, cidr := range m.Value.Elements {
		if _, err := netip.ParsePrefix(cidr.String()); err != nil && cidr.Kind == conflist.String {
			p.Report(e.At("/"+conflist.EscapePointer(m.Name())+"/"+strconv.Itoa(i), cidr), "%s is no prefix such as 169.254.20.10/32, and Terway fails every pod on it", short(cidr.String()))
		}
	}
}
