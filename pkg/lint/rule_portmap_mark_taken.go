// SPDX-License-Identifier: Apache-2.0

package lint

var portmapMarkTaken = Rule{
	ID:      "portmap-mark-taken",
	Title:   "portmap's mark bit belongs to somebody else",
	Impact:  Traffic,
	Proof:   "by reading: both write the same bit of the packet mark",
	Sources: []string{"kubernetes/kubernetes:pkg/proxy (0x4000, 0x8000)", "AliyunContainerService/terway:cmd/terway-cli/symmetric.go (bit 4)", "Felix (0xffff0000)"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			if owner := p.worldOf(m).MarkOwner(); owner != "" {
				p.Report(m.AtField("markMasqBit"), "bit %d of the packet mark is taken by %s: traffic that is none of portmap's gets masqueraded, or portmap's is not. Leave it out (13 is free), or take another", *m.MarkBit, owner)
			}
		}
	},
}
