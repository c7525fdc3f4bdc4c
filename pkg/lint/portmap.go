// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
)

// portmapEntry is an entry of portmap as that plugin decodes it (plugins/meta/portmap/main.go, PortMapConf).
// A member of the wrong type counts as absent; plugin-value-type reports it.
type portmapEntry struct {
	*Entry
	snat, masqAll bool
	// backend as written, "" where it is absent or where this release does not know the key.
	backend string
	// ignoredBackend: the release is known not to know the key.
	ignoredBackend bool
	// chain is externalSetMarkChain, bit is markMasqBit; nil where they are absent or null.
	chain, bit *conflist.Node
	version    string
}

func (p *Pass) portmaps() []portmapEntry {
	var all []portmapEntry
	for _, e := range p.Plugins(cni.Portmap) {
		m := portmapEntry{Entry: e, version: p.Version(cni.Portmap), snat: true}
		if snat := e.Value("snat"); snat != nil && snat.Kind == conflist.Bool {
			m.snat = snat.IsTrue()
		}
		m.masqAll = e.Value("masqAll").IsTrue()
		m.chain, m.bit = ofKind(e.Value("externalSetMarkChain"), conflist.String), ofKind(e.Value("markMasqBit"), conflist.Number)
		m.backend = e.Value("backend").String()
		if cni.Lacks(m.version, cni.Backend) {
			m.backend, m.ignoredBackend = "", true
		}
		all = append(all, m)
	}
	return all
}

func ofKind(n *conflist.Node, kind conflist.Kind) *conflist.Node {
	if n == nil || n.Kind != kind {
		return nil
	}
	return n
}

// asked tells whether the plugin is told of host ports: by the runtime, or by the chain itself.
func (m portmapEntry) asked() bool { return m.capability("portMappings") || m.forAll() }

// forAll tells whether the chain itself names host ports, which every pod then has.
func (m portmapEntry) forAll() bool {
	config := m.Value("runtimeConfig")
	if config == nil || config.Fold("portMappings") == nil {
		return false
	}
	return len(config.Fold("portMappings").Value.Elements) > 0
}

// hostPortPods is what the cluster sees where host ports fail.
func (m portmapEntry) hostPortPods() Impact {
	if m.forAll() {
		return AllPods
	}
	return SomePods
}

// capability tells whether the entry declares a capability as true.
func (e *Entry) capability(name string) bool {
	declared, _ := e.Merged("capabilities")
	on := false
	for _, m := range declared {
		if m.Name() == name {
			on = m.Value.IsTrue()
		}
	}
	return on
}

// nftables tells whether the entry asks for that backend; conditions alone never choose it.
func (m portmapEntry) nftables() bool { return m.backend == cni.Nftables }

// firewall that the entry programmes.
func (m portmapEntry) firewall() string {
	if m.nftables() {
		return cni.Nftables
	}
	return cni.Iptables
}

// conditionsBackend is the firewall that conditions are written for, judged as portmap does: by the first
// character of the first one. "" is no opinion.
func (m portmapEntry) conditionsBackend(name string) string {
	list := m.Value(name)
	if list == nil || len(list.Elements) == 0 {
		return ""
	}
	switch text := list.Elements[0].String(); {
	case text == "":
		return ""
	case strings.HasPrefix(text, "-"), strings.HasPrefix(text, "!") && m.version != "v1.6.0":
		return cni.Iptables
	}
	return cni.Nftables
}
