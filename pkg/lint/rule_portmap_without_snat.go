// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/predict"
)

var portmapWithoutSnat = Rule{
	ID:      "portmap-without-snat",
	Title:   "host ports that the node itself and the pod cannot use",
	Impact:  Traffic,
	Proof:   "packets: no answer on 127.0.0.1, nor to the pod itself (HP-006, HP-008; mutant NC-04)",
	Sources: []string{"containernetworking/plugins:plugins/meta/portmap/portmap.go (snat)"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			if m.MasqAll {
				continue // masqall-ignored says it
			}
			if a := p.sound(m).HostPort(predict.Client{Vantage: predict.Localhost}, predict.Port{}); a.Outcome == predict.Timeout {
				p.Report(m.AtField("snat"), "with snat off, host ports do not answer on 127.0.0.1 of the node, nor from the pod itself: remove it, unless nobody needs that")
			}
		}
	},
}
