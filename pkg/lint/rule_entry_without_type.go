// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

var entryWithoutType = Rule{
	ID:      "entry-without-type",
	Title:   "an entry of the chain has no type",
	Impact:  Init,
	Proof:   "the real terway-cli (recorded answers) and libcni; differential test",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go (mergeConfigList: type not found)", "containernetworking/cni:libcni/conf.go (missing 'type')"},
	Check: func(p *Pass) {
		for _, e := range p.Written() {
			kind := e.Get("type")
			switch {
			case e.Pointer == "" && e.Key == terway.ConflistName:
				// list-shape has said so
			case e.Kind != conflist.Object:
				p.Report(e.Place(), "the entry is %s where an object belongs: Terway finds no type, and its init container fails", a(e.Kind))
			case kind == nil && e.Fold("type") != nil:
				p.Report(e.AtKey(*e.Fold("type")), "the key is written %q, but Terway reads \"type\" in lower case only: its init container fails", e.Fold("type").Name())
			case kind == nil:
				p.Report(e.Place(), "the entry has no \"type\", the name of a plugin: Terway's init container fails")
			case kind.Kind != conflist.String:
				p.Report(e.At("/type", kind), "type is %s where the name of a plugin belongs: Terway's init container fails", a(kind.Kind))
			case kind.String() == "":
				p.ReportAs(Node, false, e.At("/type", kind), "type is empty: Terway writes it, the runtime refuses the list, and the node becomes NotReady while the Terway pod looks Ready")
			}
		}
	},
}
