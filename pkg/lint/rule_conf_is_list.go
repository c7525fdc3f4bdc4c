// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/terway"
)

var confIsList = Rule{
	ID:      "conf-is-list",
	Title:   "10-terway.conf holds a list",
	Impact:  Hygiene,
	Proof:   "the real terway-cli (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go", "AliyunContainerService/terway issue #34"},
	Check: func(p *Pass) {
		doc := p.Doc(terway.ConfKey)
		if doc == nil || doc.Get("plugins") == nil || p.source == terway.CNIChainKey {
			return
		}
		p.Report(p.At(terway.ConfKey, "/plugins", doc.Get("plugins")), "10-terway.conf holds a list of plugins: today's Terway reads it where there is no 10-terway.conflist, older and coming ones do not. Keep Terway's own entry here, and put the chain into 10-terway.conflist")
	},
}
