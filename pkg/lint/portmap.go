// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/predict"
)

// portmapEntry is an entry of portmap as that plugin decodes it. A member of the wrong type counts as absent;
// plugin-value-type reports it.
type portmapEntry struct {
	*Entry
	predict.Portmap
	version string
}

func (p *Pass) portmaps() []portmapEntry {
	if p.mappers == nil {
		p.mappers = []portmapEntry{}
		for _, e := range p.Plugins(cni.Portmap) {
			p.mappers = append(p.mappers, portmapEntry{e, predict.ReadPortmap(e.Node), p.Version(cni.Portmap)})
		}
	}
	return p.mappers
}

// asked tells whether the plugin is told of host ports: by the runtime, or by the chain itself.
func (m portmapEntry) asked() bool { return m.Capability || m.Static }

// hostPortPods is what the cluster sees where host ports fail.
func (m portmapEntry) hostPortPods() Impact {
	if m.Static {
		return AllPods
	}
	return SomePods
}

// firewall that the entry programmes; conditions alone never choose it.
func (m portmapEntry) firewall() string { return m.Firewall(m.version) }

// nftables tells whether the entry asks for that backend of a release that has it.
func (m portmapEntry) nftables() bool { return m.firewall() == cni.Nftables }

// conditions of a family, nil where there are none.
func (m portmapEntry) conditions(name string) *conflist.Node {
	list := m.Value(name)
	if list == nil || len(list.Elements) == 0 {
		return nil
	}
	return list
}
