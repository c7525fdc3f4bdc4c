// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
)

var sbrChained = Rule{
	ID:      "sbr-chained",
	Title:   "sbr cannot route a pod of Terway",
	Impact:  AllPods,
	Proof:   "differential test: \"network is unreachable\" in every release",
	Sources: []string{"containernetworking/plugins:plugins/meta/sbr/main.go (doRoutes)", "AliyunContainerService/terway:plugin/driver/veth (the pod's default route is by 169.254.1.1)"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(cni.SBR) {
			table := e.Value("table")
			if table != nil && !p.LacksPlugin(cni.SBR, cni.SBRTable) {
				p.ReportAs(Traffic, false, e.AtField("type"), "sbr puts a rule for the pod's address beside Terway's own routes; a pod of Terway has one interface, so there is nothing to gain: remove it")
				continue
			}
			p.Report(e.AtField("type"), "sbr adds a route by the gateway of Terway's result, which a pod cannot reach directly (its only neighbour is 169.254.1.1), and every pod fails: remove it. A pod of Terway has one interface, so there is nothing to gain")
		}
	},
}
