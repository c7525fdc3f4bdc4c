// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/predict"
)

var masqallIgnored = Rule{
	ID:      "masqall-ignored",
	Title:   "masqAll has no effect here",
	Impact:  Silent,
	Lost:    true,
	Defeats: []string{MasqAll},
	Proof:   "packets: the pod sees the client itself (SRC-005; mutant NC-24)",
	Sources: []string{"containernetworking/plugins:plugins/meta/portmap/portmap.go (masqAll is read where snat is set)", "containernetworking/plugins issue #1234, PR #1235 (nftables, in no release up to v1.9.1)"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			switch ignored := m.MasqAll && p.sound(m).MasqAll().Holds == predict.No; {
			case ignored && !m.SNAT:
				p.Report(m.AtField("masqAll"), "snat is false, and then portmap ignores masqAll: the pod answers the client directly. Remove \"snat\": false")
			case ignored && m.nftables():
				p.Report(m.AtField("masqAll"), "the nftables backend ignores masqAll in every release up to v1.9.1: the pod sees the client's own address. Use the backend iptables")
			}
		}
	},
}
