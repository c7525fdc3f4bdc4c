// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

var symmetricRoutingNotTrue = Rule{
	ID:      "symmetric-routing-not-true",
	Title:   "symmetric_routing is not the JSON value true",
	Impact:  Silent,
	Lost:    true,
	Defeats: []string{PublicHostPorts},
	Proof:   "packets: public clients get no answer (HP-023; mutant NC-07)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/symmetric.go (the value counts only as JSON true)"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(terway.PluginType) {
			m := e.Get(terway.SymmetricKey)
			switch {
			case predict.ReadSymmetric(e.Node).Asked:
			case m == nil && e.Fold(terway.SymmetricKey) != nil:
				p.Report(e.AtKey(*e.Fold(terway.SymmetricKey)), "Terway reads symmetric_routing in lower case only, so symmetric routing is silently off")
			case m != nil && m.Kind != conflist.Bool:
				p.Report(e.At("/"+terway.SymmetricKey, m), "symmetric_routing is %s, and only the JSON value true switches it on: symmetric routing is silently off, and replies to public clients leave by the wrong interface. Write true", a(m.Kind)).
					Fix = trueInstead(e.Key, m)
			}
		}
	},
}

// trueInstead of "true", which nobody can have meant otherwise.
func trueInstead(key string, n *conflist.Node) *Fix {
	if n.String() != "true" {
		return nil
	}
	return &Fix{Edits: []Edit{{Key: key, Start: n.Start, End: n.End, New: "true"}}}
}
