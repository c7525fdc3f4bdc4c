// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/terway"
)

var terwayTooOld = Rule{
	ID:      "terway-too-old",
	Title:   "this Terway reads no chain",
	Impact:  Silent,
	Lost:    true,
	Defeats: Fields,
	Proof:   "the real terway-cli of v1.5.6 is the first to read the key (by reading; init.sh before)",
	Sources: []string{"AliyunContainerService/terway commits 51820f01, 34ea29e4, PR #509 (v1.5.6)", "vendor page: \"The version of the Terway plug-in is 1.5.6 or later\""},
	Check: func(p *Pass) {
		if _, ok := p.chain.Texts[terway.ConflistName]; ok && p.versionKnown && !p.features[terway.ConflistKey] {
			p.Report(p.Key(terway.ConflistName), "Terway %s does not read 10-terway.conflist: the nodes run without the chain. It takes %s", p.pool.Terway.Version, terway.Since(terway.ConflistKey))
		}
	},
}
