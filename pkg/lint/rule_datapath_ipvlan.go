// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strings"

	"github.com/chainlint/chainlint/pkg/terway"
)

var datapathIPvlan = Rule{
	ID:      "datapath-ipvlan",
	Title:   "the ipvlan datapath is on its way out",
	Impact:  Traffic,
	Proof:   "the real terway-cli resolves it to datapathv2 on a fresh node (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni_linux.go (switchDataPathV2)", "commit 004646df (ipvlan is refused)"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(terway.PluginType) {
			if kind := e.Get("eniip_virtual_type"); strings.EqualFold(kind.String(), terway.DatapathIPvlan) {
				p.Report(e.At("/eniip_virtual_type", kind), "ipvlan becomes datapathv2 on fresh nodes from v1.13.2 on, and coming releases refuse it: nodes of one cluster run different datapaths. Migrate to datapathv2")
			}
		}
	},
}
