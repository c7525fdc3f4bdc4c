// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/terway"
)

// FoundFacts are the facts that the objects of a cluster tell.
type FoundFacts struct {
	terway.Facts
	// Sources maps a fact's path to the object that tells it.
	Sources map[string]string
	// Unknown are the facts that nothing tells, each with where to look.
	Unknown []string
}

// Empty tells whether nothing was found.
func (f *FoundFacts) Empty() bool { return len(f.Sources) == 0 }

// ReadFacts derives facts from what `kubectl get ds,cm,nodes -A -o yaml` prints. It reads no other
// kinds, and of eni_conf just the IP stack.
func ReadFacts(objects []*manifest.Object) *FoundFacts {
	f := &FoundFacts{Sources: map[string]string{}}
	var nodes []*manifest.Object
	for _, o := range objects {
		switch ref := o.Ref(); {
		case ref.Kind == "Node":
			nodes = append(nodes, o)
		case ref.Kind == "DaemonSet" && slices.Contains([]string{terway.DaemonSetName, "terway-eni", "terway"}, ref.Name):
			f.terwayDaemonSet(o)
		case ref.Kind == "ConfigMap" && ref.Name == "kube-proxy" && ref.Namespace == terway.ConfigMapNamespace:
			f.kubeProxy(o)
		case IsENIConfig(ref):
			f.eniConfig(o)
		}
	}
	f.noKubeProxy(objects)
	f.nodes(nodes)
	f.unknown()
	return f
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

// noKubeProxy: a list with DaemonSets in kube-system but none of kube-proxy's means that there is none.
func (f *FoundFacts) noKubeProxy(objects []*manifest.Object) {
	seen, proxy := false, false
	for _, o := range objects {
		ref := o.Ref()
		if ref.Kind == "DaemonSet" && ref.Namespace == terway.ConfigMapNamespace {
			seen = true
			proxy = proxy || strings.HasPrefix(ref.Name, "kube-proxy")
		}
	}
	if seen && !proxy && f.KubeProxyMode == "" {
		f.set(&f.KubeProxyMode, terway.KubeProxyNone, "kubeProxyMode", "no DaemonSet kube-proxy in kube-system")
	}
}

func (f *FoundFacts) eniConfig(o *manifest.Object) {
	source := o.Ref().String()
	if text := manifest.Text(manifest.Get(o.Node, "data", terway.ENIConfKey)); text != "" {
		if stack := ipStackOf(text); stack == "ipv4" || stack == terway.IPStackDual {
			f.set(&f.IPStack, stack, "ipStack", "ip_stack of eni_conf in "+source)
		}
	}
	f.set(&f.Terway.Conf, manifest.Text(manifest.Get(o.Node, "data", terway.ConfKey)), "terway.conf", terway.ConfKey+" of "+source)
}

// poolLabel names the node pool on ACK nodes; exclusiveLabel marks exclusive-ENI nodes
// (types/k8s.go, NodeExclusiveENIMode).
const (
	poolLabel      = "alibabacloud.com/nodepool-id"
	exclusiveLabel = "k8s.aliyun.com/exclusive-mode-eni-type"
)

// nodeFact reads one fact of a node.
type nodeFact struct {
	path   string
	source string
	read   func(*manifest.Object) string
	field  func(*terway.PoolFacts) *string
}

var nodeFacts = []nodeFact{
	{"node.kernelVersion", "nodes' kernelVersion", func(o *manifest.Object) string {
		return majorMinor.FindString(nodeInfo(o, "kernelVersion"))
	}, func(p *terway.PoolFacts) *string { return &p.Node.KernelVersion }},
	{"containerRuntime", "nodes' containerRuntimeVersion", func(o *manifest.Object) string {
		name, _, _ := strings.Cut(nodeInfo(o, "containerRuntimeVersion"), ":")
		if name != "containerd" && name != terway.RuntimeCRIO {
			return ""
		}
		return name
	}, func(p *terway.PoolFacts) *string { return &p.ContainerRuntime }},
	{"terway.eniMode", "nodes' label " + exclusiveLabel, func(o *manifest.Object) string {
		if strings.EqualFold(label(o, exclusiveLabel), "eniOnly") {
			return terway.ExclusiveENI
		}
		return "Shared"
	}, func(p *terway.PoolFacts) *string { return &p.Terway.ENIMode }},
}

var majorMinor = regexp.MustCompile(`^\d+\.\d+`)

func nodeInfo(o *manifest.Object, field string) string {
	return manifest.Text(manifest.Get(o.Node, "status", "nodeInfo", field))
}

func label(o *manifest.Object, key string) string {
	return manifest.Text(manifest.Get(o.Node, "metadata", "labels", key))
}

// nodes: what all nodes agree on is the cluster's, the rest is the pools'. Of what the nodes of one pool
// disagree on, nothing is known.
func (f *FoundFacts) nodes(nodes []*manifest.Object) {
	pools := map[string][]*manifest.Object{}
	for _, n := range nodes {
		pools[label(n, poolLabel)] = append(pools[label(n, poolLabel)], n)
		release, err := terway.Release(nodeInfo(n, "kubeletVersion"))
		if err == nil && (f.KubernetesVersion == "" || terway.Older(release, f.KubernetesVersion)) {
			f.set(&f.KubernetesVersion, release, "kubernetesVersion", "the oldest of the nodes' kubeletVersion")
		}
	}
	own := map[string]*terway.PoolFacts{}
	for _, fact := range nodeFacts {
		if value, agree := common(nodes, fact); agree {
			f.set(fact.field(&f.PoolFacts), value, fact.path, fact.source)
			continue
		}
		for name, members := range pools {
			value, agree := common(members, fact)
			if !agree || value == "" || name == "" {
				continue
			}
			if own[name] == nil {
				own[name] = &terway.PoolFacts{}
			}
			*fact.field(own[name]) = value
			f.Sources["nodePools"] = "nodes' label " + poolLabel
		}
	}
	for name, facts := range own {
		f.NodePools = append(f.NodePools, terway.NodePool{Name: name, PoolFacts: *facts})
	}
	sort.Slice(f.NodePools, func(i, j int) bool { return f.NodePools[i].Name < f.NodePools[j].Name })
}

func common(nodes []*manifest.Object, fact nodeFact) (string, bool) {
	if len(nodes) == 0 {
		return "", true
	}
	first := fact.read(nodes[0])
	for _, n := range nodes[1:] {
		if fact.read(n) != first {
			return "", false
		}
	}
	return first, true
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
