// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

var firstPluginDiffers = Rule{
	ID:      "first-plugin-differs",
	Title:   "the first plugin is not the content of 10-terway.conf",
	Impact:  Traffic,
	Lost:    true,
	Proof:   "the real terway-cli takes the entry of the list as it stands (recorded answers)",
	Sources: []string{"vendor page: \"The first CNI configuration in plugins must be the configuration within 10-terway.conf\"", "AliyunContainerService/terway:cmd/terway-cli/cni.go (the list replaces 10-terway.conf, nothing compares the two)"},
	Check: func(p *Pass) {
		if p.source != terway.ConflistName || len(p.entries) == 0 || p.entries[0].Type != terway.PluginType || p.entries[0].Key == "" {
			return
		}
		if _, ok := p.chain.Texts[terway.ConfKey]; !ok && p.pool.Terway.Conf == "" {
			p.Needs("terway.conf")
			return
		}
		conf, err := conflist.Parse(p.conf())
		if err != nil || conf.Kind != conflist.Object || conf.Get("plugins") != nil {
			return
		}
		p.compareFirst(p.entries[0], conf)
	},
}

// discardedKeys are dropped from every entry by Terway, so it does not matter whether they differ.
var discardedKeys = []string{"name", "cniVersion"}

func (p *Pass) compareFirst(e *Entry, conf *conflist.Node) {
	for _, name := range conf.Names() {
		want, have := conf.Get(name), e.Get(name)
		switch {
		case slices.Contains(discardedKeys, name):
		case have == nil:
			p.lostKey(e, name, want)
		case !conflist.Same(want, have) && !sameDatapath(name, want, have):
			p.Report(e.At("/"+conflist.EscapePointer(name), have), "%s differs from 10-terway.conf, which has %s; Terway runs with what the list says%s. Write it as it stands in 10-terway.conf", name, shown(name, want), consequences[name])
		}
	}
	for _, m := range e.Members {
		known := conf.Get(m.Name()) != nil || slices.Contains(discardedKeys, m.Name()) || slices.Contains(terway.AdditiveKeys, m.Name())
		if !known && !isDefault(m.Name(), m.Value) && terway.NearestPluginKey(m.Name()) == "" {
			p.ReportAs(Traffic, false, e.AtKey(m), "%s is not in 10-terway.conf: only %s may be added to the first plugin. Terway runs with what the list says: add it to 10-terway.conf, or remove it", m.Name(), strings.Join(terway.AdditiveKeys, " and "))
		}
	}
}

func (p *Pass) lostKey(e *Entry, name string, want *conflist.Node) {
	if isDefault(name, want) {
		return
	}
	p.Report(e.Place(), "%s of 10-terway.conf (%s) is missing here, and Terway takes this entry in its place%s. Copy it", name, shown(name, want), consequences[name])
}

// sameDatapath: Terway reads the name of a datapath in any case of letters, and none as veth.
func sameDatapath(name string, a, b *conflist.Node) bool {
	return name == "eniip_virtual_type" && (strings.EqualFold(a.String(), b.String()) || isDefault(name, a) && isDefault(name, b))
}

// consequences of losing a key, where they are worth saying.
var consequences = map[string]string{
	"eniip_virtual_type":      ": new nodes, and nodes after a reboot, come up on another datapath",
	"network_policy_provider": ": without ebpf, new nodes fall back from Datapath V2 to veth, and network policy changes hands",
	"host_stack_cidrs":        ": traffic to these addresses (node-local DNS) no longer goes through the host",
	"cilium_args":             ": the cilium agent starts without these arguments",
	"capabilities":            ": Terway is no longer told what it was told before",
}

// isDefault tells whether leaving the key out means the same.
func isDefault(name string, value *conflist.Node) bool {
	switch name {
	case "eniip_virtual_type":
		return strings.EqualFold(value.String(), terway.DatapathVeth) || value.Kind == conflist.String && value.String() == ""
	case "network_policy_provider":
		return value.String() == "iptables"
	case "debug":
		return value.Text == "false"
	}
	return false
}

// shown is a value of Terway's own entry as a message may have it: of a key that Terway does not know, somebody
// may have put anything there, so its value is not shown.
func shown(name string, value *conflist.Node) string {
	if !terway.KnownPluginKey(name) {
		return "a value that is not shown"
	}
	return value.Compact()
}
