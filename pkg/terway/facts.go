// SPDX-License-Identifier: Apache-2.0

package terway

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Facts is the spec of a ClusterFacts: what is true of a cluster. The zero value of every field means
// unknown, never a default. The published schema says what each field means.
type Facts struct {
	KubernetesVersion string `json:"kubernetesVersion,omitempty"`
	PoolFacts
	NodePools []NodePool `json:"nodePools,omitempty"`
}

// PoolFacts are the facts that may differ between node pools.
type PoolFacts struct {
	KubeProxyMode    string      `json:"kubeProxyMode,omitempty"`
	ContainerRuntime string      `json:"containerRuntime,omitempty"`
	IPStack          string      `json:"ipStack,omitempty"`
	Terway           BuildFacts  `json:"terway,omitzero"`
	CNIPlugins       PluginFacts `json:"cniPlugins,omitzero"`
	Node             NodeFacts   `json:"node,omitzero"`
}

// BuildFacts are about Terway itself.
type BuildFacts struct {
	Version  string   `json:"version,omitempty"`
	Datapath string   `json:"datapath,omitempty"`
	ENIMode  string   `json:"eniMode,omitempty"`
	Features []string `json:"features,omitzero"`
	Conf     string   `json:"conf,omitempty"`
}

// PluginFacts are about the reference plugins on the nodes. Installed is nil where it is unknown.
type PluginFacts struct {
	Installed []string          `json:"installed,omitzero"`
	Version   string            `json:"version,omitempty"`
	Versions  map[string]string `json:"versions,omitempty"`
}

// NodeFacts are about kernel and node image. EDT and TuningAllowlist are nil where they are unknown.
type NodeFacts struct {
	KernelVersion   string     `json:"kernelVersion,omitempty"`
	EDT             *bool      `json:"edt,omitempty"`
	IPv6            string     `json:"ipv6,omitempty"`
	TuningAllowlist *Allowlist `json:"tuningAllowlist,omitempty"`
}

// AllowlistFile is where tuning looks for its allow-list on a node (plugins/meta/tuning/tuning.go, defaultAllowlistDir).
const AllowlistFile = "/etc/cni/tuning/allowlist.conf"

// Allowlist is [AllowlistFile]. Present without lines allows nothing.
type Allowlist struct {
	Present bool     `json:"present"`
	Lines   []string `json:"lines,omitempty"`
}

// Text is what the file holds; there is none where present is false. A nil list is one that nobody knows of.
func (a *Allowlist) Text() (text string, present bool) {
	if a == nil || !a.Present {
		return "", false
	}
	return strings.Join(a.Lines, "\n"), true
}

// NodePool is a pool that differs from the rest of the cluster.
type NodePool struct {
	Name string `json:"name"`
	PoolFacts
}

// The values of enumerated facts that code asks for.
const (
	ExclusiveENI      = "Exclusive"
	KubeProxyIptables = "iptables"
	KubeProxyIPVS     = "ipvs"
	KubeProxyNftables = "nftables"
	KubeProxyNone     = "none"
	RuntimeCRIO       = "cri-o"
	IPStackDual       = "dual"
	IPv6Disabled      = "Disabled"
)

// Pool is one kind of node of a cluster, with all facts that hold for it. Name is "" for the nodes
// that belong to no named pool.
type Pool struct {
	Name string
	PoolFacts
}

// Pools are the kinds of node of a cluster: the unnamed rest first, then the named ones, in which
// what the pool says replaces what the cluster says, field by field.
func (f Facts) Pools() []Pool {
	pools := []Pool{{PoolFacts: f.PoolFacts}}
	for _, p := range f.NodePools {
		pools = append(pools, Pool{Name: p.Name, PoolFacts: f.merged(p.PoolFacts)})
	}
	return pools
}

func (f Facts) merged(own PoolFacts) PoolFacts {
	merged := overlay(generic(f.PoolFacts), generic(own))
	var all PoolFacts
	text, err := json.Marshal(merged)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		panic(fmt.Sprintf("facts that were decoded cannot be encoded: %v", err))
	}
	return all
}

func generic(facts PoolFacts) map[string]any {
	var out map[string]any
	if text, err := json.Marshal(facts); err == nil {
		_ = json.Unmarshal(text, &out)
	}
	return out
}

// overlay puts the members of over into base, mapping by mapping. An allow-list is one fact: its lines mean
// nothing without each other.
func overlay(base, over map[string]any) map[string]any {
	for key, value := range over {
		inner, isMap := value.(map[string]any)
		known, wasMap := base[key].(map[string]any)
		if isMap && wasMap && key != "tuningAllowlist" {
			value = overlay(known, inner)
		}
		base[key] = value
	}
	return base
}

// Exclusive tells whether the pods of the pool have ENIs of their own.
func (p PoolFacts) Exclusive() bool { return p.Terway.ENIMode == ExclusiveENI }

// PluginVersion is the release of a reference plugin on the nodes, "" where it is unknown.
func (p PoolFacts) PluginVersion(plugin string) string {
	if v := p.CNIPlugins.Versions[plugin]; v != "" {
		return v
	}
	return p.CNIPlugins.Version
}

// PluginMissing tells whether the nodes are known not to have a plugin's binary. Terway brings its own
// and cilium's.
func (p PoolFacts) PluginMissing(plugin string) bool {
	return p.CNIPlugins.Installed != nil && plugin != PluginType && plugin != ChainerType &&
		!slices.Contains(p.CNIPlugins.Installed, plugin)
}

// EffectiveNode is the pool as [Effective] sees it; unknown facts are those of a fresh shared-ENI node with a
// current kernel and EDT. assumed names them. An unknown or unreadable version is an error.
func (p PoolFacts) EffectiveNode() (node Node, assumed []string, err error) {
	if p.Terway.Version == "" {
		return Node{}, nil, fmt.Errorf("terway.version is unknown")
	}
	node.Features, err = FeaturesOf(p.Terway.Version, p.Terway.Features)
	if err != nil {
		return Node{}, nil, fmt.Errorf("terway.version: %w", err)
	}
	node.ExclusiveENI, node.Kernel = p.Exclusive(), p.Node.KernelVersion
	node.NoEDT = p.Node.EDT != nil && !*p.Node.EDT
	if Older(Newest, p.Terway.Version) {
		assumed = append(assumed, "terway.version: "+p.Terway.Version+" behaves as "+Newest+", the newest release that was read")
	}
	if p.Terway.ENIMode == "" {
		assumed = append(assumed, "terway.eniMode: Shared")
	}
	if p.Node.KernelVersion == "" {
		assumed = append(assumed, "node.kernelVersion: 5.10 or later")
	}
	if p.Node.EDT == nil {
		assumed = append(assumed, "node.edt: true")
	}
	return node, append(assumed, "a fresh node without a cilium_net link"), nil
}

// PossibleDatapaths are the datapaths that the data may resolve to, over every release of Terway that
// reads a chain, or just the one that is known.
func (p PoolFacts) PossibleDatapaths(data map[string]string) []string {
	var found []string
	for _, version := range p.candidateVersions() {
		features, err := FeaturesOf(version, p.Terway.Features)
		if err != nil {
			continue
		}
		result, err := Effective(data, Node{Features: features, PartialData: true})
		if err == nil && result.Datapath != "" && !slices.Contains(found, result.Datapath) {
			found = append(found, result.Datapath)
		}
	}
	return found
}

// Has tells whether the build is known to have a feature.
func (p PoolFacts) Has(f Feature) bool {
	has, err := FeaturesOf(p.Terway.Version, p.Terway.Features)
	return slices.Contains(p.Terway.Features, string(f)) || err == nil && has[f]
}

// candidateVersions are the releases between which behaviour changed, from the one on that knows all
// datapaths which a ConfigMap can name.
func (p PoolFacts) candidateVersions() []string {
	if p.Terway.Version != "" {
		return []string{p.Terway.Version}
	}
	return ChangingReleases()
}
