// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/terway"
)

var masqallRequired = Rule{
	ID:      "masqall-required",
	Title:   "host ports on Datapath V2 need masqAll",
	Impact:  Traffic,
	Lost:    true,
	Defeats: allHostPorts,
	Proof:   "by the vendor: no Datapath V2 can be had in namespaces",
	Sources: []string{"vendor page: masqAll is required on Datapath V2", "AliyunContainerService/terway:docs/symmetric_routing_config.md", "AliyunContainerService/terway:tests/connective_test.go"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			if m.masqAll || !m.asked() || p.pool.KubeProxyMode == terway.KubeProxyNone {
				continue
			}
			switch p.Datapath() {
			case "":
				p.NeedsDatapath()
			case terway.DatapathV2, terway.DatapathIPvlan:
				p.Report(m.masqallPlace(), "on Datapath V2 a pod's replies go straight to its ENI, past the host's connection tracking, so clients from outside the pod's vSwitch get no answer: add \"masqAll\": true")
			}
		}
	},
}

func (m portmapEntry) masqallPlace() Place {
	if m.Field("masqAll") != nil {
		return m.AtField("masqAll")
	}
	return m.AtField("type")
}
