// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

var masqallRequired = Rule{
	ID:      "masqall-required",
	Title:   "host ports on Datapath V2 need masqAll",
	Impact:  Traffic,
	Lost:    true,
	Defeats: allHostPorts,
	Proof:   "packets, on an imitated Datapath V2: no answer comes back (HP-001, VAR-007; mutant NC-33)",
	Sources: []string{"vendor page: masqAll is required on Datapath V2", "AliyunContainerService/terway:docs/symmetric_routing_config.md", "AliyunContainerService/terway:tests/connective_test.go"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			if m.MasqAll || !m.asked() || p.pool.KubeProxyMode == terway.KubeProxyNone {
				continue
			}
			w := p.sound(m)
			w.Datapath = p.Datapath() // exclusive-eni judges pods that have an ENI of their own
			switch a := w.HostPort(outside, predict.Port{}); a.Outcome {
			case predict.Undecided:
				p.Needs(a.Needs...)
			case predict.Timeout:
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
