// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

var markChainAbsent = Rule{
	ID:      "mark-chain-absent",
	Title:   "nobody makes the chain that portmap jumps to",
	Impact:  SomePods,
	Defeats: allHostPorts,
	Proof:   "differential test: ADD fails for a pod with a host port",
	Sources: []string{"containernetworking/plugins:plugins/meta/portmap/portmap.go (fillDnatRules)", "KEP-3178 (kubelet no longer makes KUBE-MARK-MASQ)", "containernetworking/plugins issue #770"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			if m.chain == nil || !m.snat || m.nftables() || m.bit != nil || !m.asked() {
				continue
			}
			at, name := m.AtField("externalSetMarkChain"), m.chain.String()
			switch mode := p.pool.KubeProxyMode; {
			case name == "ACCEPT" || name == "RETURN":
				p.ReportAs(Traffic, true, at, "%s is no chain that marks packets: nothing is masqueraded, so host ports do not answer on 127.0.0.1, nor to the pod itself. Leave externalSetMarkChain out, so that portmap makes its own", name)
			case name != cni.KubeMarkMasq:
				p.ReportAs(m.hostPortPods(), false, at, "nobody on a Terway node makes a chain %s in the nat table: every pod with host ports fails. Leave externalSetMarkChain out, so that portmap makes its own", short(name))
			case mode == "":
				p.Needs("kubeProxyMode")
			case p.kubeletMakesChain():
			case mode == terway.KubeProxyNftables || mode == terway.KubeProxyNone:
				p.ReportAs(m.hostPortPods(), false, at, "kube-proxy in mode %s makes no chain KUBE-MARK-MASQ, and kubelet no longer does: every pod with host ports fails, others start. Leave externalSetMarkChain out, so that portmap makes its own", mode)
			}
		}
	},
}

// kubeletMakesChain: until v1.27 kubelet made KUBE-MARK-MASQ (KEP-3178: off by default from v1.27 on).
func (p *Pass) kubeletMakesChain() bool { return terway.Older(p.run.kubernetes, "v1.27.0") }
