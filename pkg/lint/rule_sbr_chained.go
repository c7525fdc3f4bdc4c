// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
)

var sbrChained = Rule{
	ID:      "sbr-chained",
	Title:   "sbr moves the pod's routes",
	Impact:  AllPods,
	Proof:   "differential test: ADD fails up to v1.5.1",
	Sources: []string{"containernetworking/plugins:plugins/meta/sbr/main.go", "vishvananda/netlink before v1.3.0 (a default route without a destination)"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(cni.SBR) {
			if p.LacksPlugin(cni.SBR, cni.SBRDefaultRoute) {
				p.Report(e.AtField("type"), "sbr %s cannot move the default route that Terway makes, and every pod fails: remove it, or use %s and later", p.Version(cni.SBR), cni.Since(cni.SBRDefaultRoute))
				continue
			}
			p.ReportAs(Traffic, false, e.AtField("type"), "sbr moves the routes of the pod's interface into a table for its own address; a pod of Terway has one interface, so there is nothing to gain: remove it")
		}
	},
}
