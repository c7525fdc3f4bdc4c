// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"cmp"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/predict"
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
			if m.MarkBit != nil || !m.asked() {
				continue
			}
			switch state, _, needs := p.marks(m).MarkChain(); {
			case len(needs) > 0:
				p.Needs(needs...)
			case state == predict.MarkAbsent:
				p.markChainAbsent(m)
			case state != predict.MarkOwn && state != predict.MarkForeign:
				p.ReportAs(Traffic, true, m.AtField("externalSetMarkChain"), "%s is no chain that marks packets: nothing is masqueraded, so host ports do not answer on 127.0.0.1, nor to the pod itself. Leave externalSetMarkChain out, so that portmap makes its own", *m.MarkChain)
			}
		}
	},
}

// marks is the world of this rule: of an unknown Kubernetes, kubelet makes no chain.
func (p *Pass) marks(m portmapEntry) predict.World {
	w := p.worldOf(m)
	w.PortmapRelease, w.KubernetesVersion = cmp.Or(w.PortmapRelease, cni.NewestRead), cmp.Or(w.KubernetesVersion, "v1.27.0")
	return w
}

func (p *Pass) markChainAbsent(m portmapEntry) {
	at, name := m.AtField("externalSetMarkChain"), *m.MarkChain
	if name != cni.KubeMarkMasq {
		p.ReportAs(m.hostPortPods(), false, at, "nobody on a Terway node makes a chain %s in the nat table: every pod with host ports fails. Leave externalSetMarkChain out, so that portmap makes its own", short(name))
		return
	}
	p.ReportAs(m.hostPortPods(), false, at, "kube-proxy in mode %s makes no chain KUBE-MARK-MASQ, and kubelet no longer does: every pod with host ports fails, others start. Leave externalSetMarkChain out, so that portmap makes its own", p.pool.KubeProxyMode)
}
