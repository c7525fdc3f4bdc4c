// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

var listShape = Rule{
	ID:      "list-shape",
	Title:   "the chain is no list of plugins",
	Impact:  Init,
	Proof:   "the real terway-cli (recorded answers) and libcni; differential test",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go (processInput, mergeConfigList)", "containernetworking/cni:libcni/conf.go (NetworkConfFromBytes)"},
	Check: func(p *Pass) {
		doc := p.Doc(p.source)
		if doc == nil || p.source == terway.CNIChainKey {
			return
		}
		whole, plugins := p.At(p.source, "", doc), doc.Get("plugins")
		switch {
		case doc.Kind != conflist.Object:
			p.Report(whole, "the chain is %s where an object with \"plugins\" belongs: Terway finds no type, and its init container fails. Write {\"plugins\": [...]}", a(doc.Kind))
		case plugins == nil && p.source == terway.ConflistName:
			p.withoutPlugins(doc, whole)
		case plugins != nil:
			p.pluginsShape(p.At(p.source, "/plugins", plugins), plugins)
		}
	},
}

// withoutPlugins: Terway takes the whole document for one plugin.
func (p *Pass) withoutPlugins(doc *conflist.Node, whole Place) {
	if m := doc.Fold("plugins"); m != nil {
		whole = p.At(p.source, "/"+conflist.EscapePointer(m.Name()), m.Key)
		p.Report(whole, "the key is written %q, but Terway reads \"plugins\" in lower case only: it finds no plugin type, and its init container fails", m.Name())
		return
	}
	if doc.Get("type").String() == "" {
		p.Report(whole, "the chain has no \"plugins\": Terway takes the whole for one plugin, finds no type, and its init container fails. Write {\"plugins\": [...]}")
		return
	}
	p.ReportAs(Hygiene, false, whole, "the chain has no \"plugins\": Terway takes the whole for its only plugin. Write {\"plugins\": [...]}, or remove the key")
}

func (p *Pass) pluginsShape(at Place, plugins *conflist.Node) {
	switch count := len(plugins.Names()); {
	case len(plugins.Elements) > maxEntries || count > maxEntries:
		p.ReportAs(Silent, false, at, "the list has more than %d plugins, and only these were judged: nobody runs that many, make it shorter", maxEntries)
	case plugins.Kind == conflist.Array && len(plugins.Elements) > 0:
	case plugins.Kind == conflist.Object && count > 1:
		p.ReportAs(AllPods, false, at, "plugins is an object, which Terway reads in random order: on some nodes a plugin runs before terway and every pod fails there. Write a list: [...]")
	case plugins.Kind == conflist.Object && count == 1:
		p.ReportAs(Hygiene, false, at, "plugins is an object; with one entry it works, with a second one the order would be random. Write a list: [...]")
	default:
		p.ReportAs(Node, false, at, "plugins is %s: Terway writes a list without plugins, the runtime refuses it, and the node becomes NotReady while the Terway pod looks Ready. Name at least Terway's own entry, or remove the key", emptyOr(plugins))
	}
}

func emptyOr(n *conflist.Node) string {
	if n.Kind == conflist.Array || n.Kind == conflist.Object {
		return "empty"
	}
	return a(n.Kind)
}

// a kind of JSON value with its article.
func a(k conflist.Kind) string {
	switch k {
	case conflist.Null:
		return "null"
	case conflist.Object:
		return "an object"
	case conflist.Array:
		return "a list"
	case conflist.String:
		return "a text"
	case conflist.Bool:
		return "true or false"
	}
	return "a number"
}
