// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

var markChainNotAnAPI = Rule{
	ID:      "mark-chain-not-an-api",
	Title:   "KUBE-MARK-MASQ is kube-proxy's own",
	Impact:  Hygiene,
	Proof:   "by reading: kube-proxy promises nothing about its chains",
	Sources: []string{"KEP-3178", "containernetworking/plugins issue #770", "containernetworking/cni.dev PR #143 (no longer recommended)"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			mode := p.pool.KubeProxyMode
			if m.MarkChain != nil && *m.MarkChain == cni.KubeMarkMasq && m.MarkBit == nil && (mode == terway.KubeProxyIptables || mode == terway.KubeProxyIPVS) {
				p.Report(m.AtField("externalSetMarkChain"), "KUBE-MARK-MASQ belongs to kube-proxy, which promises nothing about it and does not make it in mode nftables: leave externalSetMarkChain out, and portmap makes its own")
			}
		}
	},
}
