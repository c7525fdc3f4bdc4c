// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
)

var firewallConfig = Rule{
	ID:      "firewall-config",
	Title:   "a firewall entry that fails, or guards something else",
	Impact:  AllPods,
	Proof:   "differential test",
	Sources: []string{"containernetworking/plugins:plugins/meta/firewall/firewall.go (getBackend, setupIngressPolicy)", "containernetworking/plugins:plugins/meta/firewall/iptables.go"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(cni.Firewall) {
			p.ingressPolicy(e)
			switch backend := e.Value("backend").String(); backend {
			case "", "iptables":
			case "firewalld":
				p.Report(e.AtField("backend"), "Terway's nodes run no firewalld, and every pod fails: write iptables")
			default:
				p.ReportAs(Silent, true, e.AtField("backend"), "firewall knows no backend %s and takes what it finds: write iptables", short(backend))
			}
			if why := cni.BrokenChainName(e.Value("iptablesAdminChainName").String()); why != "" {
				p.Report(e.AtField("iptablesAdminChainName"), "%s, and every pod fails", why)
			}
		}
	},
}

func (p *Pass) ingressPolicy(e *Entry) {
	policy, at := e.Value("ingressPolicy").String(), e.AtField("ingressPolicy")
	switch {
	case policy == "" || policy == "open":
	case policy == "same-bridge" || policy == "isolated" && !p.LacksPlugin(cni.Firewall, cni.IsolatedPolicy):
		p.ReportAs(Traffic, true, at, "the policy %s guards a bridge, and takes the first interface of Terway's result, which is the pod's own, for it: it guards nothing. Remove it; network policy does this on Terway", policy)
	default:
		p.Report(at, "this firewall knows no policy %s, and every pod fails: write open, or remove it", short(policy))
	}
}
