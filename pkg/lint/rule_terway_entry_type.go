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
			for _, m := range e.Members {
				want, known := terway.PluginKeyType(m.Name())
				at := e.At("/"+conflist.EscapePointer(m.Name()), m.Value)
				switch {
				case strings.EqualFold(m.Name(), "mtu") && m.Value.Kind == conflist.Number && terway.BrokenMTU(m.Value):
					p.Report(at, "the kernel takes no MTU of %s, and every pod fails: write 68 to 65535, and no more than the ENI has", m.Value.Text)
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
