// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

var symmetricConfigType = Rule{
	ID:      "symmetric-config-type",
	Title:   "symmetric_routing_config does not decode",
	Impact:  Init,
	Proof:   "the real terway-cli refuses it (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/symmetric.go (failed to parse symmetric_routing_config)", "AliyunContainerService/terway:plugin/driver/types/types.go"},
	Check: func(p *Pass) {
		e := p.firstTerway()
		if e == nil || e.Get(terway.SymmetricConfigKey) == nil || p.Lacks(terway.SymmetricRouting) {
			return
		}
		if _, known := p.Has(terway.SymmetricRouting); !known {
			return
		}
		config, pointer := e.Get(terway.SymmetricConfigKey), "/"+terway.SymmetricConfigKey
		if config.Kind != conflist.Object && config.Kind != conflist.Null {
			p.Report(e.At(pointer, config), "symmetric_routing_config is %s where an object belongs, and Terway's init container fails", a(config.Kind))
		}
		for _, m := range config.Members {
			p.symmetricMember(e, pointer+"/"+conflist.EscapePointer(m.Name()), m)
		}
	},
}

// symmetricNumbers and symmetricTexts are the members of symmetric_routing_config.
var (
	symmetricNumbers = []string{"mark", "mask", "table_id", "rule_priority"}
	symmetricTexts   = []string{"interface", "comment", "backend"}
)

func (p *Pass) symmetricMember(e *Entry, pointer string, m conflist.Member) {
	name, at := strings.ToLower(m.Name()), e.At(pointer, m.Value)
	_, err := strconv.ParseInt(m.Value.Text, 10, 64)
	number, text := slices.Contains(symmetricNumbers, name), slices.Contains(symmetricTexts, name)
	ignored := name == "backend" && p.Lacks(terway.SymmetricBackend)
	switch {
	case m.Value.Kind == conflist.Null || ignored:
	case number && err != nil:
		p.Report(at, "%s must be a whole number, not %s, and Terway's init container fails", m.Name(), m.Value.Compact())
	case text && m.Value.Kind != conflist.String:
		p.Report(at, "%s is %s where text belongs, and Terway's init container fails", m.Name(), a(m.Value.Kind))
	case name == "backend" && e.Get(terway.SymmetricKey).IsTrue() && !slices.Contains([]string{"", cni.Iptables, cni.Nftables}, m.Value.String()):
		p.Report(at, "the backend %s is unknown, and Terway's init container fails: write iptables or nftables", short(m.Value.String()))
	case !number && !text:
		all := slices.Concat(symmetricNumbers, symmetricTexts)
		p.ReportAs(Silent, nearest.To(m.Name(), all) != "", e.At(pointer, m.Key), "Terway reads no %s here and ignores it: %s", m.Name(), nearest.Hint(m.Name(), all))
	}
}
