// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strconv"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
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
			if table != nil && p.IPStack() == terway.IPStackDual && cutTo32(table) == 0 {
				p.Report(e.AtField("table"), "the kernel takes no table 0 for IPv6, and every pod fails: remove sbr. A pod of Terway has one interface, so there is nothing to gain")
				continue
			}
			if table != nil && !p.LacksPlugin(cni.SBR, cni.SBRTable) {
				p.ReportAs(Traffic, false, e.AtField("type"), "sbr puts a rule for the pod's address beside Terway's own routes; a pod of Terway has one interface, so there is nothing to gain: remove it")
				continue
			}
			p.Report(e.AtField("type"), "sbr adds a route by the gateway of Terway's result, which a pod cannot reach directly (its only neighbour is 169.254.1.1), and every pod fails: remove it. A pod of Terway has one interface, so there is nothing to gain")
		}
	},
}

// cutTo32 is a number as netlink takes it: what does not fit into 32 bits is cut.
func cutTo32(n *conflist.Node) uint32 {
	number, _ := strconv.ParseInt(terway.WrittenNumber(n.Text), 10, 64)
	return uint32(number)
}
