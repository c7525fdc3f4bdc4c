// SPDX-License-Identifier: Apache-2.0

package lint

var portmapMark = Rule{
	ID:      "portmap-mark",
	Title:   "portmap's mark is out of range, or set twice",
	Impact:  AllPods,
	Proof:   "differential test: portmap refuses its configuration for every pod",
	Sources: []string{"containernetworking/plugins:plugins/meta/portmap/main.go (parseConfig)"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			if m.MarkChain != nil && m.MarkBit != nil {
				p.Report(m.AtField("markMasqBit"), "markMasqBit stands beside externalSetMarkChain: portmap refuses that, and every pod fails, with or without host ports. Keep one")
				continue
			}
			if m.MarkBit != nil && (*m.MarkBit < 0 || *m.MarkBit > 31) {
				p.Report(m.AtField("markMasqBit"), "markMasqBit is %d: portmap takes 0 to 31 and refuses everything else, and every pod fails, with or without host ports", *m.MarkBit)
			}
		}
	},
}
