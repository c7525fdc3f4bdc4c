// SPDX-License-Identifier: Apache-2.0

package predict

import (
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Portmap is an entry of portmap as that plugin decodes it (plugins/meta/portmap/main.go, PortMapConf). A member
// of the wrong type counts as absent; with it portmap refuses its configuration.
type Portmap struct {
	// Entries of portmap that the list has.
	Entries int
	// Capability: the entry declares portMappings. Static: it names host ports itself, which every pod then has.
	Capability, Static bool
	SNAT, MasqAll      bool
	// Backend as written, "" where it is absent; releases before v1.6.0 do not read it.
	Backend string
	// MarkChain is externalSetMarkChain, MarkBit markMasqBit; nil where they are absent.
	MarkChain *string
	MarkBit   *int64
	// ConditionsV4 and ConditionsV6 are lists of texts, nil where they are absent.
	ConditionsV4, ConditionsV6 *conflist.Node

	entry *conflist.Node
}

// ReadPortmap decodes an entry.
func ReadPortmap(entry *conflist.Node) Portmap {
	p := Portmap{
		Entries: 1, Capability: Declares(entry, "portMappings"), Static: len(mappings(entry)) > 0, SNAT: true,
		MasqAll: value(entry, "masqAll", conflist.Bool).IsTrue(), Backend: value(entry, "backend", conflist.String).String(),
		ConditionsV4: value(entry, "conditionsV4", conflist.Array), ConditionsV6: value(entry, "conditionsV6", conflist.Array), entry: entry,
	}
	if snat := value(entry, "snat", conflist.Bool); snat != nil {
		p.SNAT = snat.IsTrue()
	}
	if chain := value(entry, "externalSetMarkChain", conflist.String); chain != nil {
		name := chain.String()
		p.MarkChain = &name
	}
	if bit := value(entry, "markMasqBit", conflist.Number); bit != nil {
		if n, err := strconv.ParseInt(terway.WrittenNumber(bit.Text), 10, 64); err == nil {
			p.MarkBit = &n
		}
	}
	return p
}

// Declares tells whether an entry declares a capability as true.
func Declares(entry *conflist.Node, capability string) bool {
	declared, _ := entry.Merged("capabilities")
	on := false
	for _, m := range declared {
		if m.Name() == capability {
			on = m.Value.IsTrue()
		}
	}
	return on
}

func mappings(entry *conflist.Node) []*conflist.Node {
	config := entry.Fold("runtimeConfig")
	if config == nil || config.Value.Fold("portMappings") == nil {
		return nil
	}
	return config.Value.Fold("portMappings").Value.Elements
}

// value of a member that has the right type, else nil.
func value(entry *conflist.Node, name string, kind conflist.Kind) *conflist.Node {
	if m := entry.Fold(name); m != nil && m.Value.Kind == kind {
		return m.Value
	}
	return nil
}

// conditions for a family, nil where there are none.
func (p Portmap) conditions(family int) *conflist.Node {
	list := p.ConditionsV4
	if family == 6 {
		list = p.ConditionsV6
	}
	if list == nil || len(list.Elements) == 0 {
		return nil
	}
	return list
}

// Firewall that portmap of that release programmes: iptables unless the entry says otherwise and the release
// reads it. For an unknown release the entry counts.
func (p Portmap) Firewall(release string) string {
	if p.Backend == cni.Nftables && !cni.Lacks(release, cni.Backend) {
		return cni.Nftables
	}
	return cni.Iptables
}

// ConditionsFor is the firewall that a list of conditions is written for, judged as portmap does: by the first
// character of the first one. "" is no opinion.
func ConditionsFor(list *conflist.Node, release string) string {
	if list == nil || len(list.Elements) == 0 {
		return ""
	}
	switch text := list.Elements[0].String(); {
	case text == "":
		return ""
	case strings.HasPrefix(text, "-"), strings.HasPrefix(text, "!") && release != "v1.6.0":
		return cni.Iptables
	}
	return cni.Nftables
}

// Tuning is an entry of tuning: it writes its sysctls in random order.
type Tuning struct {
	Sysctls []Sysctl

	entry *conflist.Node
}

// Sysctl is one that tuning writes. Key and value are those of the member; Path is the file under /proc/sys, ""
// where tuning refuses the key.
type Sysctl struct {
	Key, Value, Path string
	Member           conflist.Member
}

// podInterface is the name that the runtime gives the pod's interface.
const podInterface = "eth0"

// ReadTuning decodes an entry; what stands under args.cni replaces members of the same spelling.
func ReadTuning(entry *conflist.Node) Tuning {
	t := Tuning{entry: entry}
	for _, s := range ReadSysctls(entry) {
		t.replace(s)
	}
	args := entry.Fold("args")
	if args == nil {
		return t
	}
	if inner := args.Value.Fold("cni"); inner != nil {
		for _, s := range ReadSysctls(inner.Value) {
			t.replace(s)
		}
	}
	return t
}

func (t *Tuning) replace(s Sysctl) {
	for i := range t.Sysctls {
		if t.Sysctls[i].Key == s.Key {
			t.Sysctls[i] = s
			return
		}
	}
	t.Sysctls = append(t.Sysctls, s)
}

// ReadSysctls are the sysctls of an entry as tuning decodes them: spellings of "sysctl" are poured into one map.
// Values of the wrong type are left out; with them tuning refuses its configuration.
func ReadSysctls(entry *conflist.Node) []Sysctl {
	members, _ := entry.Merged("sysctl")
	var all []Sysctl
	for _, m := range members {
		if m.Value.Kind != conflist.String && m.Value.Kind != conflist.Null {
			continue
		}
		s := Sysctl{Key: m.Name(), Value: m.Value.String(), Member: m}
		s.Path, _ = cni.SysctlPath(s.Key, podInterface)
		all = append(all, s)
	}
	return all
}

// Symmetric is what Terway's own entry says of symmetric routing.
type Symmetric struct {
	// Asked: symmetric_routing is the JSON value true.
	Asked bool
	// Config as Terway decodes it; Undecodable: it does not.
	Config      terway.SymmetricConfig
	Undecodable bool
	// Problems are numbers with which packets go astray.
	Problems []terway.SymmetricProblem
}

// ReadSymmetric decodes Terway's own entry.
func ReadSymmetric(entry *conflist.Node) Symmetric {
	s := Symmetric{Asked: entry.Get(terway.SymmetricKey).IsTrue()}
	if config := entry.Get(terway.SymmetricConfigKey); config != nil && config.Decode(&s.Config) != nil {
		s.Config, s.Undecodable = terway.SymmetricConfig{}, true
		return s
	}
	s.Problems = s.Config.Check()
	return s
}

// astray is why packets go astray, "" if they do not.
func (s Symmetric) astray() string {
	switch {
	case s.Undecodable:
		return terway.SymmetricConfigKey + " does not decode"
	case len(s.Problems) > 0:
		return s.Problems[0].Reason
	}
	return ""
}
