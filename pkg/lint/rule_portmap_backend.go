// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"cmp"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/predict"
)

var portmapBackend = Rule{
	ID:      "portmap-backend",
	Title:   "portmap's backend is unknown, or its options belong to the other one",
	Impact:  AllPods,
	Proof:   "differential test: portmap refuses its configuration for every pod",
	Sources: []string{"containernetworking/plugins:plugins/meta/portmap/main.go (parseConfig, ensureBackend), since v1.6.0"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			backend := m.Value("backend")
			switch {
			case cni.Lacks(m.version, cni.Backend), backend != nil && backend.Kind != conflist.String:
			case backend != nil && m.Backend != cni.Iptables && m.Backend != cni.Nftables:
				if cni.Has(m.version, cni.Backend) || m.version == "" {
					p.Report(m.AtField("backend"), "portmap knows no backend %s and refuses its configuration, so every pod fails, with or without host ports: write iptables or nftables, in lower case", short(m.Backend))
				}
			default:
				p.foreignOptions(m)
			}
		}
	},
}

// foreignOptions: without backend portmap takes iptables, whatever the conditions look like.
func (p *Pass) foreignOptions(m portmapEntry) {
	backend := cmp.Or(m.Backend, cni.Iptables)
	for _, name := range []string{"conditionsV4", "conditionsV6"} {
		if written := predict.ConditionsFor(m.Value(name), m.version); written != "" && written != backend {
			p.Report(m.AtField(name), "%s is written for %s, but portmap uses %s and refuses its configuration, so every pod fails, with or without host ports: name the backend, or write the conditions for it", name, written, backend)
		}
	}
	if m.MarkChain != nil && backend == cni.Nftables {
		p.Report(m.AtField("externalSetMarkChain"), "externalSetMarkChain exists for iptables only: with the backend nftables portmap refuses its configuration, and every pod fails, with or without host ports. Remove it")
	}
}
