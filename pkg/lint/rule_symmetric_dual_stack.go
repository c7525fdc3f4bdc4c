// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

var symmetricDualStack = Rule{
	ID:      "symmetric-dual-stack",
	Title:   "symmetric routing on dual stack needs an IPv6 default route",
	Impact:  Traffic,
	Proof:   "by reading: the init container looks for the route on every node",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/symmetric.go (no IPv6 default gateway found)"},
	Check: func(p *Pass) {
		e := p.firstTerway()
		if e == nil || !predict.ReadSymmetric(e.Node).Asked {
			return
		}
		switch p.IPStack() {
		case "":
			p.Needs("ipStack")
		case terway.IPStackDual:
			p.Report(e.AtField(terway.SymmetricKey), "on a dual-stack cluster symmetric routing also takes an IPv6 default route on its interface: make sure that every node has one, since Terway does not start on a node without")
		}
	},
}
