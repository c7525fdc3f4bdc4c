// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
)

var vrfChained = Rule{
	ID:      "vrf-chained",
	Title:   "vrf takes the pod's only interface away",
	Impact:  AllPods,
	Proof:   "differential test for the name; what packets do by reading, where the kernel has no VRF",
	Sources: []string{"containernetworking/plugins:plugins/meta/vrf/main.go (parseConf)", "linux:Documentation/networking/vrf.rst"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(cni.VRF) {
			name := e.Value("vrfname").String()
			switch {
			case name == "":
				p.Report(e.Place(), "vrf needs a vrfname, and every pod fails without: remove vrf")
			case len(name) > 15 || name == podInterface || name == "lo" || strings.ContainsAny(name, "/ \t"):
				p.Report(e.AtField("vrfname"), "%s is no name for an interface (15 characters, no blank, no slash, not one that is there), and every pod fails", short(name))
			default:
				p.ReportAs(Traffic, true, e.AtField("type"), "vrf puts the pod's only interface into a routing table of its own: programs that do not bind to %s have no network. Remove it", name)
			}
		}
	},
}
