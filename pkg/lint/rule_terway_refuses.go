// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/terway"
)

var terwayRefuses = Rule{
	ID:      "terway-refuses",
	Title:   "Terway refuses the ConfigMap",
	Impact:  Init,
	Proof:   "Effective agrees with the real terway-cli on every recorded answer",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go, cmd/terway-cli/node.go", "pkg/terway/testdata (recorded answers)"},
	Check: func(p *Pass) {
		switch {
		case p.run.has(Init, p.pool.Name):
		case p.maybe:
			p.Needs("terway.version")
		case p.refusal != nil:
			p.Report(p.refusedPlace(), "Terway refuses this, its init container fails, and pods on that node can neither start nor stop: %s", p.refusal.Reason)
		}
	},
}

// refusedPlace is what Terway stumbles over, as far as it is written.
func (p *Pass) refusedPlace() Place {
	r := p.refusal
	doc := p.Doc(r.Key)
	if r.Key == terway.CNIChainKey {
		doc, _ = parseChain(p.chain.Texts[r.Key])
	}
	switch node := doc.Find(r.Pointer); {
	case r.Key == "" || p.chain.Texts[r.Key] == "":
		return p.Key(p.source)
	case node == nil:
		return p.Key(r.Key)
	default:
		return p.At(r.Key, r.Pointer, node)
	}
}
