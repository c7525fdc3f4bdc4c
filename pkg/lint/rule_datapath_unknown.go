// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

var datapathUnknown = Rule{
	ID:      "datapath-unknown",
	Title:   "eniip_virtual_type names no datapath",
	Impact:  Init,
	Proof:   "the real terway-cli refuses it (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go (mergeConfigList: invalid datapath), since v1.13.2"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(terway.PluginType) {
			kind := e.Get("eniip_virtual_type")
			switch {
			case kind == nil:
			case kind.Kind != conflist.String:
				p.datapathNoText(e, kind)
			case slices.Contains(datapaths, strings.ToLower(kind.String())):
			case !p.Lacks(terway.ResolvedDatapath):
				if _, known := p.Has(terway.ResolvedDatapath); known {
					p.Report(e.At("/eniip_virtual_type", kind), "eniip_virtual_type is %s, which is no datapath, and Terway's init container fails: write veth or datapathv2", short(kind.String()))
				}
			}
		}
	},
}

var datapaths = []string{"", terway.DatapathVeth, terway.DatapathV2, terway.DatapathIPvlan}

// datapathNoText: what is no text counts as veth from v1.13.2 on, and is refused before.
func (p *Pass) datapathNoText(e *Entry, kind *conflist.Node) {
	at := e.At("/eniip_virtual_type", kind)
	if p.Lacks(terway.ResolvedDatapath) {
		p.Report(at, "eniip_virtual_type is %s where text belongs, and Terway's init container fails: write \"veth\" or \"datapathv2\"", a(kind.Kind))
		return
	}
	p.ReportAs(Traffic, true, at, "eniip_virtual_type is %s where text belongs, and Terway silently takes it as veth: write \"veth\" or \"datapathv2\"", a(kind.Kind))
}
