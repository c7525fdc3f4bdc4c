// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

var publicWithoutSymmetricRouting = Rule{
	ID:      "public-without-symmetric-routing",
	Title:   "public host ports without symmetric routing",
	Impact:  Traffic,
	Lost:    true,
	Defeats: []string{PublicHostPorts},
	Proof:   "packets: public clients get no answer (HP-023, SRC-010; mutant NC-07)",
	Sources: []string{"vendor page: symmetric_routing is required for access by a public address"},
	Check: func(p *Pass) {
		e := p.firstTerway()
		if e == nil {
			return
		}
		w := p.world()
		w.Symmetric = predict.ReadSymmetric(e.Node)
		if on := e.Get(terway.SymmetricKey); p.chain.Wishes.Public && w.SymmetricRouting().Holds == predict.No && (on == nil || on.Text == "false") {
			p.Report(e.AtField(terway.SymmetricKey), "the intent asks for host ports on public addresses, but symmetric_routing is not on: replies leave by the pod's own interface, and public clients get no answer. Add \"symmetric_routing\": true")
		}
	},
}
