// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

var pluginRemoved = Rule{
	ID:      "plugin-removed",
	Title:   "a plugin was taken out of a chain that runs",
	Impact:  Traffic,
	Proof:   "packets: rules stay, and the next pod is black-holed (LIF-013, ROL-007)",
	Sources: []string{"containerd/go-cni (DEL runs the present list, not the one of ADD)", "AliyunContainerService/terway:tests/connective_test.go (deletes pods with host ports first)"},
	Check: func(p *Pass) {
		before := p.before()
		if before == nil {
			return
		}
		for _, e := range newView(before, p.pool).entries {
			if e.Key == "" || e.Type == "" || e.Type == terway.PluginType || len(p.Plugins(e.Type)) > 0 {
				continue
			}
			if e.Type == cni.Portmap {
				p.Report(p.chainPlace(), "portmap was taken out: the rules of pods that run stay on the nodes when those pods go, and their ports then lead nowhere. Delete the pods with host ports first, then roll this out")
				continue
			}
			p.ReportAs(Hygiene, false, p.chainPlace(), "%s was taken out: pods that run keep what it set up, and nobody cleans up after it", e.Type)
		}
	},
}

// before is the state before the change, nil where it is unknown.
func (p *Pass) before() *Chain { return p.chain.Before }

// chainPlace is the list of plugins, or the key that decides that there is none.
func (p *Pass) chainPlace() Place {
	if doc := p.Doc(p.source); doc != nil && doc.Get("plugins") != nil {
		return p.At(p.source, "/plugins", doc.Get("plugins"))
	}
	return p.Key(p.source)
}
