// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

var portmapBesideCilium = Rule{
	ID:      "portmap-beside-cilium",
	Title:   "cilium owns the host ports of these nodes",
	Impact:  Traffic,
	Proof:   "by reading: no cilium agent can be had in namespaces",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/policy.go (--enable-host-port with the gate KubeProxyReplacement)", "AliyunContainerService/terway:tests/utils_test.go (no portmap there)"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			if p.pool.KubeProxyMode == terway.KubeProxyNone && m.asked() && p.world().Cilium().Holds != predict.No {
				p.Report(m.AtField("type"), "without kube-proxy, on Datapath V2, cilium serves host ports itself, and portmap makes the same ones a second time: remove portmap")
			}
		}
	},
}
