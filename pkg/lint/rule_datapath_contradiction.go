// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/terway"
)

var datapathContradiction = Rule{
	ID:      "datapath-contradiction",
	Title:   "the facts name another datapath than the chain",
	Impact:  Traffic,
	Proof:   "the real terway-cli decides the datapath from the ConfigMap on a fresh node (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go (mergeConfigList)", "AliyunContainerService/terway:cmd/terway-cli/cni_linux.go (allowEBPFNetworkPolicy: a node keeps its history)"},
	Check: func(p *Pass) {
		told := p.pool.Terway.Datapath
		first := p.firstTerway()
		if told == "" || !p.versionKnown || p.result == nil || p.result.Datapath == "" || told == p.result.Datapath || first == nil {
			return
		}
		p.Report(first.AtField("eniip_virtual_type"), "the facts say that the nodes run %s, but a fresh node comes up on %s with this: a reboot or a new node changes the datapath. Correct the fact, or the ConfigMap", told, p.result.Datapath)
	},
}

// firstTerway is the first written entry of Terway's own type, nil if there is none.
func (p *Pass) firstTerway() *Entry {
	if all := p.Plugins(terway.PluginType); len(all) > 0 {
		return all[0]
	}
	return nil
}
