// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/terway"
)

var eniConfBroken = Rule{
	ID:      "eni-conf-broken",
	Title:   "Terway cannot decode eni_conf",
	Impact:  Init,
	Proof:   "the real terway-cli refuses it (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/node.go (getENIConfig)", "AliyunContainerService/terway:types/daemon/config.go"},
	Check: func(p *Pass) {
		text, ok := p.chain.Texts[terway.ENIConfKey]
		if !ok {
			if p.chain.Object != nil && !p.chain.Fragment {
				p.Needs("eni_conf")
			}
			return
		}
		if _, err := terway.ParseENIConf(text); err != nil && !p.Lacks(terway.ExclusiveOverride) {
			p.Report(p.Key(terway.ENIConfKey), "Terway cannot decode eni_conf, and its init container fails: %v", err)
		}
	},
}
