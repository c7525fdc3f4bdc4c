// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
)

var pluginValueType = Rule{
	ID:      "plugin-value-type",
	Title:   "a value of a type that the plugin cannot decode",
	Impact:  AllPods,
	Proof:   "differential test; wrong-type probes of the real binaries",
	Sources: []string{"containernetworking/plugins:plugins/meta/*/ (configuration structs, compared by keys_test.go)", "tigera/operator #3088 (sysctl as a list: all pods failed)"},
	Check: func(p *Pass) {
		for _, e := range p.Written() {
			for _, bad := range cni.CheckKeys(e.Node, p.Version(e.Type)) {
				if bad.Kind == cni.WrongType {
					p.Report(p.inEntry(e, bad.Pointer), "%s", bad.Message).Fix = quoted(e, bad.Pointer)
				}
			}
		}
	},
}

// inEntry is the place of a pointer inside an entry.
func (p *Pass) inEntry(e *Entry, pointer string) Place {
	if n := e.Find(pointer); n != nil {
		return e.At(pointer, n)
	}
	return e.Place()
}

// quoted puts the numbers and truth values of sysctls into quotes: pods fail without them, so nothing that
// works changes.
func quoted(e *Entry, pointer string) *Fix {
	sysctl := e.Value("sysctl")
	if sysctl == nil || !strings.HasPrefix(pointer, "/sysctl/") {
		return nil
	}
	fix := &Fix{Safe: true}
	for _, m := range sysctl.Members {
		switch m.Value.Kind {
		case conflist.Number:
			fix.Edits = append(fix.Edits, Edit{Key: e.Key, Start: m.Value.Start, End: m.Value.End, New: conflist.Quote(m.Value.Text)})
		case conflist.String, conflist.Null:
		default:
			return nil
		}
	}
	if len(fix.Edits) == 0 || e.Key == "cni_chain" {
		return nil
	}
	return fix
}
