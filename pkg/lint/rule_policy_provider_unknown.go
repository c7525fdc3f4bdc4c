// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

var policyProviderUnknown = Rule{
	ID:      "policy-provider-unknown",
	Title:   "network_policy_provider is neither iptables nor ebpf",
	Impact:  Init,
	Proof:   "the real terway-cli (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go (network_policy_provider type error), since v1.8.7"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(terway.PluginType) {
			provider := e.Get("network_policy_provider")
			switch {
			case provider == nil:
			case provider.Kind != conflist.String:
				if !p.Lacks(terway.PolicyProvider) {
					p.Report(e.At("/network_policy_provider", provider), "network_policy_provider is %s where text belongs, and Terway's init container fails: write \"iptables\" or \"ebpf\"", a(provider.Kind))
				}
			case provider.String() != "iptables" && provider.String() != "ebpf":
				p.ReportAs(Silent, true, e.At("/network_policy_provider", provider), "network_policy_provider is %s, which Terway does not know and takes as iptables: write iptables or ebpf, in lower case", short(provider.String()))
			}
		}
	},
}
