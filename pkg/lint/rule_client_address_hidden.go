// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/predict"
)

var clientAddressHidden = Rule{
	ID:      "client-address-hidden",
	Title:   "pods do not see the client's address",
	Impact:  Hygiene,
	Proof:   "packets: the pod sees the node (SRC-005)",
	Sources: []string{"containernetworking/plugins:plugins/meta/portmap/portmap.go (masqAll)"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			if !m.MasqAll {
				continue
			}
			hidden := p.sound(m)
			seen := hidden
			seen.Portmap.MasqAll = false
			a, b := hidden.HostPort(outside, predict.Port{}), seen.HostPort(outside, predict.Port{})
			if a.Source == predict.OfNode && b.Source == predict.Preserved {
				p.Report(m.AtField("masqAll"), "masqAll hides the client's address from pods, and on the veth datapath nothing needs it: remove it, unless that is what you want")
			}
		}
	},
}
