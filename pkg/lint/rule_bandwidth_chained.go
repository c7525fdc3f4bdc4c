// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/predict"
)

var bandwidthChained = Rule{
	ID:      "bandwidth-chained",
	Title:   "bandwidth behind terway finds no interface of the host",
	Impact:  AllPods,
	Proof:   "differential test: \"no veth peer of container interface found in host ns\"",
	Sources: []string{"containernetworking/plugins:plugins/meta/bandwidth/main.go (getHostInterface)", "AliyunContainerService/terway:plugin/terway/cni.go (the result names the pod's interface only)"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(cni.Bandwidth) {
			limits := cni.ReadLimits(e.Node)
			switch {
			case limits.Broken != "":
				p.Report(e.AtField(limits.Broken), "%s, and bandwidth refuses its configuration: every pod fails", limits.Why)
			case limits.Static:
				p.Report(e.AtField("type"), "bandwidth needs the host's end of the pod's link, which Terway's result does not name: with limits for every pod, every pod fails. Remove it; Terway limits bandwidth itself")
			case predict.Declares(e.Node, "bandwidth") && !limits.Written:
				p.ReportAs(SomePods, false, e.AtField("type"), "bandwidth needs the host's end of the pod's link, which Terway's result does not name: every pod with a bandwidth annotation fails. Remove it; Terway limits bandwidth itself")
			default:
				p.ReportAs(Silent, false, e.AtField("type"), "bandwidth has no limits and is told of none: remove it; Terway limits bandwidth itself")
			}
		}
	},
}
