// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

var pluginRepeated = Rule{
	ID:      "plugin-repeated",
	Title:   "a plugin stands in the chain twice",
	Impact:  AllPods,
	Proof:   "differential test for reference plugins; Terway's own by reading",
	Sources: []string{"AliyunContainerService/terway:plugin/driver/veth/veth.go (a second ADD deletes the first host veth)", "containernetworking/plugins:plugins/meta/portmap/portmap.go"},
	Check: func(p *Pass) {
		seen := map[string]bool{}
		for _, e := range p.Written() {
			switch {
			case !seen[e.Type] || e.Type == "":
			case e.Type == terway.PluginType && e.Key == terway.CNIChainKey: // terway-refuses reports it
			case e.Type == terway.PluginType:
				p.Report(e.AtField("type"), "terway stands here a second time: its second run takes the pod's first interface away, and every pod fails. Keep one")
			case e.Type == cni.Portmap:
				p.ReportAs(Traffic, false, e.AtField("type"), "portmap stands here a second time: both write the same chains, and which entry's settings count is open. Keep one")
			default:
				p.ReportAs(Hygiene, false, e.AtField("type"), "%s stands here a second time: merge the two", e.Type)
			}
			seen[e.Type] = true
		}
	},
}
