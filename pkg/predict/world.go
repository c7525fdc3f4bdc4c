// SPDX-License-Identifier: Apache-2.0

package predict

import (
	"net/netip"
	"slices"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Tri is yes, no, or nobody knows.
type Tri string

// The truth values.
const (
	Unknown Tri = ""
	Yes     Tri = "yes"
	No      Tri = "no"
)

func truth(b bool) Tri {
	if b {
		return Yes
	}
	return No
}

// DatapathExclusive is the datapath of pods that have an ENI of their own, beside those of package terway.
const DatapathExclusive = "exclusive"

// World is what a node runs: what its list says, as the plugins decode it, and the facts. "", nil and [Unknown]
// are facts that nobody knows.
type World struct {
	Portmap Portmap
	// Tuning are the entries of tuning in the order of the list.
	Tuning    []Tuning
	Symmetric Symmetric

	// Prefixes are the networks of the addresses in the CNI result, one of each family: with Terway those of the
	// vSwitch.
	Prefixes []netip.Prefix
	// KubernetesVersion, KubeProxyMode, ContainerRuntime, IPStack and NodeIPv6 (Enabled, Disabled) are those of
	// the ClusterFacts.
	KubernetesVersion, KubeProxyMode, ContainerRuntime, IPStack, NodeIPv6 string
	// Datapath is veth, datapathv2, ipvlan or exclusive.
	Datapath string
	// PortmapRelease and TuningRelease are those of the plugins; an unknown one is v1.1.1 or later.
	PortmapRelease, TuningRelease string
	Allowlist                     *terway.Allowlist
	// HasSymmetric: this Terway has symmetric routing.
	HasSymmetric Tri
	// ChainMade: the chain that externalSetMarkChain names is there. Masqueraded: what it marks is masqueraded.
	// Unknown, they follow from kube-proxy's mode.
	ChainMade, Masqueraded Tri

	// pods start whatever may keep them from it, see Started.
	started bool
}

// Of is the world of a node with that list, the text of its 10-terway.conflist. The facts are those of its pool,
// with the datapath and the IP stack filled in where the caller knows them otherwise. The error is a
// [*conflist.SyntaxError].
func Of(list string, facts terway.PoolFacts, kubernetesVersion string) (World, error) {
	parsed, err := conflist.ParseList(list)
	if err != nil {
		return World{}, err
	}
	var entries []*conflist.Node
	for _, p := range parsed.Plugins {
		entries = append(entries, p.Node)
	}
	return OfEntries(entries, facts, kubernetesVersion), nil
}

// OfEntries is [Of] for the entries of the list that runs, in order.
func OfEntries(entries []*conflist.Node, facts terway.PoolFacts, kubernetesVersion string) World {
	w := World{
		KubernetesVersion: kubernetesVersion, KubeProxyMode: facts.KubeProxyMode, ContainerRuntime: facts.ContainerRuntime,
		IPStack: facts.IPStack, NodeIPv6: facts.Node.IPv6, Datapath: facts.Terway.Datapath, Allowlist: facts.Node.TuningAllowlist,
		PortmapRelease: facts.PluginVersion(cni.Portmap), TuningRelease: facts.PluginVersion(cni.Tuning), HasSymmetric: hasSymmetric(facts),
	}
	if facts.Exclusive() {
		w.Datapath = DatapathExclusive
	}
	for _, e := range slices.Backward(entries) { // the first of Terway's entries counts
		switch e.Get("type").String() {
		case cni.Portmap:
			count := w.Portmap.Entries
			w.Portmap = ReadPortmap(e)
			w.Portmap.Entries += count
		case cni.Tuning:
			w.Tuning = append([]Tuning{ReadTuning(e)}, w.Tuning...)
		case terway.PluginType:
			w.Symmetric = ReadSymmetric(e)
		}
	}
	return w
}

// hasSymmetric: a feature counts where the facts name it; else the release decides.
func hasSymmetric(facts terway.PoolFacts) Tri {
	if facts.Has(terway.SymmetricRouting) {
		return Yes
	}
	if _, err := terway.Release(facts.Terway.Version); err != nil {
		return Unknown
	}
	return No
}

// Started is the same world if all pods started: a question to it is about packets only, whatever else is wrong.
func (w World) Started() World {
	w.started = true
	return w
}

// Client is somebody at a vantage with that address. Whether conditions let it through is not known.
func (w World) Client(from Vantage, address netip.Addr) Client {
	c := Client{Vantage: from}
	for _, p := range w.Prefixes {
		if p.Addr().Is4() == address.Is4() {
			c.InPrefix = truth(p.Contains(address))
		}
	}
	return c
}
