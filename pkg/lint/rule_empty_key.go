// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strings"

	"github.com/chainlint/chainlint/pkg/terway"
)

var emptyKey = Rule{
	ID:      "empty-key",
	Title:   "a key is there, but empty",
	Impact:  Init,
	Proof:   "the real terway-cli refuses it (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/common.go (getAllConfig)", "cmd/terway-cli/cni.go (processInput)"},
	Check: func(p *Pass) {
		for _, key := range []string{terway.ConfKey, terway.ConflistName, terway.CNIChainKey} {
			text, ok := p.chain.Texts[key]
			switch {
			case !ok || strings.TrimSpace(text) != "":
			case key == terway.ConfKey && !p.reads(key):
				p.ReportAs(Silent, false, p.Key(key), "10-terway.conf is empty. Terway does not read it beside the list, but every component that does finds nothing: put Terway's own entry there, as the cluster had it")
			case p.reads(key):
				p.Report(p.Key(key), "%s is empty, and an empty key counts as present: Terway's init container fails. %s", key, insteadOfEmpty[key])
			}
		}
	},
}

var insteadOfEmpty = map[string]string{
	terway.ConfKey:      "Put Terway's own entry there, as the cluster had it",
	terway.ConflistName: "Remove the key to run without a chain",
	terway.CNIChainKey:  "Write [] for no chain, or remove the key",
}
