// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strconv"

	"github.com/chainlint/chainlint/pkg/terway"
)

var portmapMarkTaken = Rule{
	ID:      "portmap-mark-taken",
	Title:   "portmap's mark bit belongs to somebody else",
	Impact:  Traffic,
	Proof:   "by reading: both write the same bit of the packet mark",
	Sources: []string{"kubernetes/kubernetes:pkg/proxy (0x4000, 0x8000)", "AliyunContainerService/terway:cmd/terway-cli/symmetric.go (bit 4)", "Felix (0xffff0000)"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			if m.bit == nil {
				continue
			}
			bit, err := strconv.ParseInt(terway.WrittenNumber(m.bit.Text), 10, 64)
			if err != nil || bit < 0 || bit > 31 {
				continue
			}
			if owner := p.markOwner(1 << bit); owner != "" {
				p.Report(m.AtField("markMasqBit"), "bit %d of the packet mark is taken by %s: traffic that is none of portmap's gets masqueraded, or portmap's is not. Leave it out (13 is free), or take another", bit, owner)
			}
		}
	},
}

// markOwner is who else writes a bit of the packet mark on these nodes.
func (p *Pass) markOwner(bit int) string {
	if first := p.firstTerway(); first != nil && first.Get(terway.SymmetricKey).IsTrue() {
		var config terway.SymmetricConfig
		if c := first.Get(terway.SymmetricConfigKey); c == nil || c.Decode(&config) == nil {
			if config.Marks()&bit != 0 {
				return "Terway's symmetric routing"
			}
		}
	}
	return terway.MarkOwner(bit)
}
