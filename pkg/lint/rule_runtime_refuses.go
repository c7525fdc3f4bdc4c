// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
	"github.com/containernetworking/cni/pkg/types"
)

var runtimeRefuses = Rule{
	ID:      "runtime-refuses",
	Title:   "the container runtime refuses the list that Terway writes",
	Impact:  Node,
	Proof:   "libcni refuses each firing case and takes each silent one (oracle_test.go); differential test",
	Sources: []string{"containernetworking/cni:libcni/conf.go (ConfFromBytes decodes types.PluginConf)", "containerd/go-cni:cni.go (Load resets the networks first)"},
	Check: func(p *Pass) {
		if p.result == nil || p.run.has(Node, p.pool.Name) {
			return
		}
		for _, e := range p.Written() {
			if at, why := refusedMember(e); why != "" {
				p.Report(at, "%s: Terway writes it and is Ready, but the runtime refuses the list, and the node becomes NotReady. %s", why, insteadOf(e, at)).
					Fix = truthValue(e, at)
			}
		}
	},
}

// refusedMember finds the member of an entry that libcni cannot decode.
func refusedMember(e *Entry) (at Place, why string) {
	for _, m := range e.Distinct() {
		if slices.Contains([]string{"type", "name", "cniVersion"}, m.Name()) {
			continue
		}
		text := fmt.Sprintf(`{%s:%s}`, conflist.Quote(m.Name()), m.Value.Text)
		if json.Unmarshal([]byte(text), &types.PluginConf{}) == nil {
			continue
		}
		pointer := "/" + conflist.EscapePointer(m.Name())
		for _, inner := range m.Value.Members {
			if strings.EqualFold(m.Name(), "capabilities") && inner.Value.Kind != conflist.Bool && inner.Value.Kind != conflist.Null {
				return e.At(pointer+"/"+conflist.EscapePointer(inner.Name()), inner.Value), fmt.Sprintf("the capability %s is %s where true or false belongs", inner.Name(), a(inner.Value.Kind))
			}
		}
		return e.At(pointer, m.Value), fmt.Sprintf("%s is not of the type that the CNI library reads", m.Name())
	}
	return Place{}, ""
}

func insteadOf(e *Entry, at Place) string {
	name, ok := strings.CutPrefix(at.Pointer, e.Pointer+"/capabilities")
	if !ok {
		return "Repair or remove it"
	}
	if name == "" {
		name = "/portMappings"
	}
	return "Write an object of truth values: \"capabilities\": {\"" + name[1:] + "\": true}"
}

// truthValue takes the quotes from a capability that is "true" or "false": the node takes no such list, so
// nothing that works changes.
func truthValue(e *Entry, at Place) *Fix {
	text := e.Find(strings.TrimPrefix(at.Pointer, e.Pointer)).String()
	if text != "true" && text != "false" || e.Key == terway.CNIChainKey {
		return nil
	}
	return &Fix{Safe: true, Edits: []Edit{{Key: at.Key, Start: at.Start, End: at.End, New: text}}}
}
