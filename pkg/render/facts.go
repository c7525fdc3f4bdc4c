// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// FoundFacts are the facts that the objects of a cluster tell.
type FoundFacts struct {
	terway.Facts
	// Sources maps a fact's path to the object that tells it.
	Sources map[string]string
	// Unknown are the facts that nothing tells, each with where to look.
	Unknown []string

	nodes                     []nodeRecord
	daemonSets, kubeProxySeen bool
}

// nodeRecord is what counts of a Node: a cluster has thousands, and their objects are large.
type nodeRecord struct {
	pool   string
	values []string // by nodeFacts
}

// Empty tells whether nothing was found.
func (f *FoundFacts) Empty() bool { return len(f.Sources) == 0 }

// NewFacts starts to derive facts from what `kubectl get ds,cm,nodes -A -o yaml` prints.
func NewFacts() *FoundFacts { return &FoundFacts{Sources: map[string]string{}} }

// Add looks at one object. Other kinds tell nothing, and of eni_conf just the IP stack is read.
func (f *FoundFacts) Add(o *manifest.Object) {
	ref := o.Ref()
	switch {
	case ref.Kind == "Node":
		f.node(o)
	case ref.Kind == "ConfigMap" && ref.Name == "kube-proxy" && ref.Namespace == terway.ConfigMapNamespace:
		f.kubeProxy(o)
	case IsENIConfig(ref):
		f.eniConfig(o)
	case ref.Kind == "DaemonSet" && ref.Namespace == terway.ConfigMapNamespace:
		f.daemonSets = true
		f.kubeProxySeen = f.kubeProxySeen || strings.HasPrefix(ref.Name, "kube-proxy")
		if slices.Contains(terway.DaemonSetNames, ref.Name) {
			f.terwayDaemonSet(o)
		}
	}
}

// Done draws the conclusions that take all objects.
func (f *FoundFacts) Done() {
	if f.daemonSets && !f.kubeProxySeen && f.KubeProxyMode == "" {
		f.set(&f.KubeProxyMode, terway.KubeProxyNone, "kubeProxyMode", "no DaemonSet kube-proxy in kube-system")
	}
	f.pools()
	f.unknown()
}

// Plugins says which CNI plugins a node has and of which release each of them is, "" where it does not tell. The node
// stands for its pool, "" for the cluster. It comes after [FoundFacts.Done].
func (f *FoundFacts) Plugins(pool, node string, releases map[string]string) {
	found := terway.PluginFacts{Installed: slices.Sorted(maps.Keys(releases)), Version: releases[cni.Portmap]}
	for name, release := range releases {
		if release != "" && release != found.Version {
			if found.Versions == nil {
				found.Versions = map[string]string{}
			}
			found.Versions[name] = release
		}
	}
	f.Unknown = slices.DeleteFunc(f.Unknown, func(line string) bool { return strings.HasPrefix(line, "cniPlugins.") })
	if pool == "" {
		f.CNIPlugins = found
		for _, path := range []string{"installed", "version", "versions"} {
			f.Sources["cniPlugins."+path] = "node " + node
		}
		return
	}
	for i := range f.NodePools {
		if p := &f.NodePools[i]; p.Name == pool && !reflect.DeepEqual(found, f.CNIPlugins) {
			if found.Versions == nil && f.CNIPlugins.Versions != nil { // what a pool leaves out is the cluster's
				found.Versions = map[string]string{cni.Portmap: found.Version}
			}
			p.CNIPlugins = found
		}
	}
}

func (f *FoundFacts) set(field *string, value, path, source string) {
	if value != "" {
		*field, f.Sources[path] = value, source
	}
}

func (f *FoundFacts) terwayDaemonSet(o *manifest.Object) {
	containers := manifest.Get(o.Node, "spec", "template", "spec", "containers")
	if containers == nil {
		return
	}
	for _, c := range containers.Content {
		image := manifest.Text(manifest.Get(c, "image"))
		_, tag, _ := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
		tag, _, _ = strings.Cut(tag, "@")
		if _, err := terway.Release(tag); err == nil && strings.Contains(image, "terway") {
			f.set(&f.Terway.Version, tag, "terway.version", "image of "+o.Ref().String())
			return
		}
	}
}

var proxyMode = regexp.MustCompile(`(?m)^\s*mode:\s*["']?([a-z]*)["']?\s*(?:#.*)?$`)

// kubeProxy: an empty mode is iptables (kube-proxy's default on Linux).
func (f *FoundFacts) kubeProxy(o *manifest.Object) {
	data := manifest.Get(o.Node, "data")
	for i := 0; data != nil && i+1 < len(data.Content); i += 2 {
		m := proxyMode.FindStringSubmatch(data.Content[i+1].Value)
		if m == nil {
			continue
		}
		mode := m[1]
		if mode == "" {
			mode = "iptables"
		}
		if slices.Contains([]string{"iptables", "ipvs", "nftables"}, mode) {
			f.set(&f.KubeProxyMode, mode, "kubeProxyMode", "mode in "+o.Ref().String())
		}
	}
}

func (f *FoundFacts) eniConfig(o *manifest.Object) {
	source := o.Ref().String()
	if text := manifest.Text(manifest.Get(o.Node, "data", terway.ENIConfKey)); text != "" {
		if stack := terway.IPStackOf(text); stack == "ipv4" || stack == terway.IPStackDual {
			f.set(&f.IPStack, stack, "ipStack", "ip_stack of eni_conf in "+source)
		}
	}
	f.set(&f.Terway.Conf, manifest.Text(manifest.Get(o.Node, "data", terway.ConfKey)), "terway.conf", terway.ConfKey+" of "+source)
}

// nodeFact reads one fact of a node.
type nodeFact struct {
	path   string
	source string
	read   func(*manifest.Object) string
	field  func(*terway.PoolFacts) *string
}

var nodeFacts = []nodeFact{
	{"node.kernelVersion", "nodes' kernelVersion", func(o *manifest.Object) string {
		return terway.KernelVersion(nodeInfo(o, "kernelVersion"))
	}, func(p *terway.PoolFacts) *string { return &p.Node.KernelVersion }},
	{"containerRuntime", "nodes' containerRuntimeVersion", func(o *manifest.Object) string {
		name, _, _ := strings.Cut(nodeInfo(o, "containerRuntimeVersion"), ":")
		if name != "containerd" && name != terway.RuntimeCRIO {
			return ""
		}
		return name
	}, func(p *terway.PoolFacts) *string { return &p.ContainerRuntime }},
	{"terway.eniMode", "nodes' label " + terway.ExclusiveENILabel, func(o *manifest.Object) string {
		if strings.EqualFold(label(o, terway.ExclusiveENILabel), "eniOnly") {
			return terway.ExclusiveENI
		}
		return "Shared"
	}, func(p *terway.PoolFacts) *string { return &p.Terway.ENIMode }},
}

func nodeInfo(o *manifest.Object, field string) string {
	return manifest.Text(manifest.Get(o.Node, "status", "nodeInfo", field))
}

func label(o *manifest.Object, key string) string {
	return manifest.Text(manifest.Get(o.Node, "metadata", "labels", key))
}

func (f *FoundFacts) node(o *manifest.Object) {
	record := nodeRecord{pool: label(o, terway.PoolLabel)}
	for _, fact := range nodeFacts {
		record.values = append(record.values, fact.read(o))
	}
	f.nodes = append(f.nodes, record)
	release, err := terway.Release(nodeInfo(o, "kubeletVersion"))
	if err == nil && (f.KubernetesVersion == "" || terway.Older(release, f.KubernetesVersion)) {
		f.set(&f.KubernetesVersion, release, "kubernetesVersion", "the oldest of the nodes' kubeletVersion")
	}
}

// pools: what all nodes agree on is the cluster's, the rest is the pools'. Of what the nodes of one pool
// disagree on, nothing is known.
func (f *FoundFacts) pools() {
	members := map[string][]nodeRecord{}
	for _, n := range f.nodes {
		members[n.pool] = append(members[n.pool], n)
	}
	own := map[string]*terway.PoolFacts{}
	for i, fact := range nodeFacts {
		if value, agree := common(f.nodes, i); agree {
			f.set(fact.field(&f.PoolFacts), value, fact.path, fact.source)
			continue
		}
		for name, nodes := range members {
			value, agree := common(nodes, i)
			if !agree || value == "" || name == "" {
				continue
			}
			if own[name] == nil {
				own[name] = &terway.PoolFacts{}
			}
			*fact.field(own[name]) = value
			f.Sources["nodePools"] = "nodes' label " + terway.PoolLabel
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		f.NodePools = append(f.NodePools, terway.NodePool{Name: name, PoolFacts: *own[name]})
	}
}

// common is the value of a fact that all nodes share.
func common(nodes []nodeRecord, fact int) (value string, agree bool) {
	for i, n := range nodes {
		if i > 0 && n.values[fact] != value {
			return "", false
		}
		value = n.values[fact]
	}
	return value, true
}

// unknown lists what is left, with where to look.
func (f *FoundFacts) unknown() {
	for _, u := range []struct{ path, where string }{
		{"kubernetesVersion", "no Node among the objects"},
		{"kubeProxyMode", "no ConfigMap kube-system/kube-proxy and no DaemonSet of kube-system among the objects"},
		{"containerRuntime", "no Node, or nodes that differ"},
		{"ipStack", "no eni_conf among the objects"},
		{"terway.version", "no DaemonSet of Terway with a release as its image's tag"},
		{"terway.conf", "no ConfigMap kube-system/eni-config with 10-terway.conf"},
		{"terway.eniMode", "no Node, or nodes that differ"},
		{"cniPlugins.installed", "ls /opt/cni/bin on a node"},
		{"cniPlugins.version", "/opt/cni/bin/portmap on a node says it"},
		{"node.kernelVersion", "no Node, or nodes that differ"},
		{"node.edt", "bpftool -j feature probe | grep bpf_skb_ecn_set_ce on a node"},
		{"node.ipv6", "/proc/sys/net/ipv6 on a node"},
		{"node.tuningAllowlist", "/etc/cni/tuning/allowlist.conf on a node"},
	} {
		if f.Sources[u.path] == "" {
			f.Unknown = append(f.Unknown, fmt.Sprintf("%s: %s", u.path, u.where))
		}
	}
}
