// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"cmp"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

// world is what the nodes run, as far as facts and chain tell: what rules about packets and about settings without
// effect ask for what the cluster would see.
func (p *Pass) world() predict.World {
	if p.view.world == nil {
		facts := p.pool.PoolFacts
		facts.IPStack = p.IPStack()
		if len(p.portmaps()) > 0 { // that takes time, and matters to nobody else
			facts.Terway.Datapath = p.Datapath()
		}
		entries := make([]*conflist.Node, len(p.entries))
		for i, e := range p.entries {
			entries[i] = e.Node
		}
		w := predict.OfEntries(entries, facts, p.run.kubernetes)
		p.view.world = &w
	}
	return *p.view.world
}

// worldOf has just this entry of portmap.
func (p *Pass) worldOf(m portmapEntry) predict.World {
	w := p.world()
	w.Portmap = m.Portmap
	return w
}

// sound is the world of a rule that judges one matter of portmap's: pods start, portmap is told of host ports and
// maps them for everybody, as on most nodes. What else may be wrong, or unknown, other rules report or ask for.
func (p *Pass) sound(m portmapEntry) predict.World {
	w := p.worldOf(m).Started()
	w.Portmap.Capability, w.ContainerRuntime = true, "containerd"
	w.Portmap.MarkChain, w.KubeProxyMode = nil, terway.KubeProxyIptables
	w.Portmap.ConditionsV4, w.Portmap.ConditionsV6, w.Symmetric = nil, nil, predict.Symmetric{}
	w.PortmapRelease = cmp.Or(w.PortmapRelease, cni.NewestRead)
	return w
}

// tuned is the world of a rule about IPv6 in pods: they start, and the nodes have it.
func (p *Pass) tuned() predict.World {
	w := p.world().Started()
	w.NodeIPv6 = "Enabled"
	return w
}

// outside is a client that reaches the node by its private address, from another vSwitch than the pod's.
var outside = predict.Client{Vantage: predict.External, InPrefix: predict.No}
