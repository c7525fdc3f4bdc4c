// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"slices"

	"github.com/chainlint/chainlint/pkg/terway"
)

var entryKeyDropped = Rule{
	ID:      "entry-key-dropped",
	Title:   "name or cniVersion in an entry",
	Impact:  Hygiene,
	Proof:   "the real terway-cli deletes them (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go (mergeConfigList)"},
	Check: func(p *Pass) {
		for _, e := range p.Written() {
			if e.Key != terway.ConflistName || e.Type == terway.PluginType || e.Pointer == "" {
				continue
			}
			for _, m := range e.Members {
				if slices.Contains(discardedKeys, m.Name()) {
					p.Report(e.AtKey(m), "Terway deletes %s from every entry, and the runtime puts that of the list in: remove it", m.Name())
				}
			}
		}
	},
}
