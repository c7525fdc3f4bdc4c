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
	Proof:   "differential test, on a kernel without VRF; by reading for kernels with it",
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
				p.Report(e.AtField("type"), "vrf puts the pod's only interface into a routing table of its own: on kernels without VRF every pod fails, on others no program has a network that does not bind to %s. Remove it", name)
			}
		}
	},
}
