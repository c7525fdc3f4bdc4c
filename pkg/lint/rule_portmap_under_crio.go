// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/predict"
)

var portmapUnderCRIO = Rule{
	ID:      "portmap-under-crio",
	Title:   "CRI-O never tells portmap of host ports",
	Impact:  Silent,
	Proof:   "by reading: CRI-O passes no port mappings to CNI",
	Sources: []string{"cri-o/cri-o #7217, PR #7216", "cri-o/ocicni:pkg/ocicni/types.go"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			w := p.worldOf(m)
			w.Portmap.Capability = true
			switch told := w.Told(); told.Holds {
			case predict.No:
				p.Report(m.AtField("type"), "CRI-O serves host ports itself and never tells portmap of one, so portmap does nothing here: remove it")
			case predict.Unknown:
				p.Needs(told.Needs...)
			}
		}
	},
}
