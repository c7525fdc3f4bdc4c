// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

var symmetricRoutingSwitchedOff = Rule{
	ID:      "symmetric-routing-switched-off",
	Title:   "symmetric routing was switched off, but its rules stay",
	Impact:  Traffic,
	Proof:   "by reading: nothing in Terway removes them",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/node.go (comment: never removed)"},
	Check: func(p *Pass) {
		before := p.before()
		now := p.firstTerway()
		if before == nil || now == nil || predict.ReadSymmetric(now.Node).Asked {
			return
		}
		old := (&Pass{view: newView(before, p.pool), rule: p.rule, run: p.run}).firstTerway()
		if old != nil && predict.ReadSymmetric(old.Node).Asked {
			p.Report(now.AtField(terway.SymmetricKey), "symmetric routing was switched off: its marks, rule and route stay on every node until that node is rebooted. Plan the reboots, or remove them by hand")
		}
	},
}
