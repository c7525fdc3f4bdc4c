// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

var listKeyDropped = Rule{
	ID:      "list-key-dropped",
	Title:   "a key of the list that Terway drops",
	Impact:  Silent,
	Proof:   "the real terway-cli writes name, cniVersion and plugins only (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go (mergeConfigList)"},
	Check: func(p *Pass) {
		doc := p.Doc(p.source)
		if doc == nil || doc.Get("plugins") == nil || p.source == terway.CNIChainKey {
			return
		}
		for _, m := range doc.Members {
			at := p.At(p.source, "/"+conflist.EscapePointer(m.Name()), m.Key)
			switch m.Name() {
			case "plugins":
			case "name", "cniVersion":
				p.ReportAs(Hygiene, false, at, "Terway writes %s itself (%s, %s): remove this one", m.Name(), terway.ListName, terway.ListVersion)
			default:
				p.Report(at, "Terway takes only the plugins of the list, so %s never reaches the runtime: remove it", m.Name())
			}
		}
	},
}
