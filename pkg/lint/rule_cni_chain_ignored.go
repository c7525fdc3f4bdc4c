// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/terway"
)

var cniChainIgnored = Rule{
	ID:      "cni-chain-ignored",
	Title:   "cni_chain under a Terway that does not read it, or beside a list",
	Impact:  Silent,
	Lost:    true,
	Defeats: Fields,
	Proof:   "the real terway-cli v1.17.5 does not open the key (recorded answers)",
	Sources: []string{"AliyunContainerService/terway commit 1a4532b7, PR #1054 (docs/cni-chain.md)"},
	Check: func(p *Pass) {
		_, hasChain := p.chain.Texts[terway.CNIChainKey]
		_, hasList := p.chain.Texts[terway.ConflistName]
		switch {
		case !hasChain:
		case !p.features[terway.CNIChain] && !p.versionKnown:
			p.Needs("terway.version")
		case !p.features[terway.CNIChain]:
			p.Report(p.Key(terway.CNIChainKey), "Terway %s does not read cni_chain, no release up to %s does: the nodes run without this chain. Use 10-terway.conflist; a build that reads it says so in the facts (terway.features: [cni_chain])", p.pool.Terway.Version, terway.Newest)
		case hasList:
			p.ReportAs(Silent, false, p.Key(terway.ConflistName), "cni_chain wins over 10-terway.conflist whenever it is there, so this list is not read: remove one of the two")
		}
	},
}
