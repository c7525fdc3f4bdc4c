// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/containernetworking/cni/libcni"
)

var runtimeRefuses = Rule{
	ID:      "runtime-refuses",
	Title:   "the container runtime refuses the list that Terway writes",
	Impact:  Node,
	Proof:   "libcni itself judges the list, as in the runtime; differential test",
	Sources: []string{"containernetworking/cni:libcni/conf.go (ConfListFromBytes, ConfFromBytes)", "containerd/go-cni:cni.go (Load resets the networks first)"},
	Check: func(p *Pass) {
		if p.result == nil || p.run.has(Node, p.pool.Name) {
			return
		}
		_, err := libcni.ConfListFromBytes([]byte(p.result.Conflist))
		if err == nil {
			return
		}
		for _, e := range p.Written() {
			if at, why := refusedMember(e); why != "" {
				p.Report(at, "%s: Terway writes it and is Ready, but the runtime refuses the list, and the node becomes NotReady. %s", why, insteadOf(e, at))
			}
		}
		if !p.run.has(Node, p.pool.Name) {
			p.Report(p.Key(p.source), "Terway writes this list and is Ready, but the runtime refuses it (%v), and the node becomes NotReady", err)
		}
	},
}

// refusedMember finds the member of an entry that libcni cannot decode.
func refusedMember(e *Entry) (at Place, why string) {
	for _, m := range e.Members {
		if strings.EqualFold(m.Name(), "type") || m.Name() == "name" || m.Name() == "cniVersion" {
			continue
		}
		text := fmt.Sprintf(`{"type":"x",%s:%s}`, conflist.Quote(m.Name()), m.Value.Text)
		var mismatch *json.UnmarshalTypeError
		if _, err := libcni.ConfFromBytes([]byte(text)); !errors.As(err, &mismatch) {
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
	if strings.HasPrefix(at.Pointer, e.Pointer+"/capabilities") {
		return "Write an object of truth values: \"capabilities\": {\"portMappings\": true}"
	}
	return "Repair or remove it"
}
