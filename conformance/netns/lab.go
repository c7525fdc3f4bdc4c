// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/containernetworking/cni/libcni"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/conformance/stub"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Plugins are the directories of plugin binaries, by release. Under [OwnPlugins] is the nodes' own directory,
// which counts for all releases.
type Plugins map[string]string

// OwnPlugins stands for whatever release the nodes' own binaries are of.
const OwnPlugins = "own"

// Machine is where labs are made: a process that called [Enter].
type Machine struct {
	Plugins Plugins
	// Dir for what the lab writes; it is in memory, and ends with the process.
	Dir string
}

// Lab is one cluster in network namespaces.
type Lab struct {
	machine Machine
	setup   conformance.Setup
	cache   string
	// refusal is why no pod can ever start, nil where the list is loaded.
	refusal  *conformance.StartError
	list     *libcni.NetworkConfigList
	conflist string
	datapath string
	// symmetric routing of the nodes, nil where it is off.
	symmetric *terway.SymmetricConfig

	fabric           *fabric
	nodes            [2]*node
	external, public *space

	// noIPv6 says why pods have no IPv6, and is found out once.
	ipv6   sync.Once
	noIPv6 string
}

// Open implements conformance.Opener.
func (l *Lab) Open(ctx context.Context, setup conformance.Setup) (conformance.Environment, error) {
	return l.machine.Open(ctx, setup)
}

// Open implements conformance.Opener.
func (m Machine) Open(ctx context.Context, setup conformance.Setup) (conformance.Environment, error) {
	cache, err := os.MkdirTemp(m.Dir, "cache-")
	if err != nil {
		return nil, err
	}
	if setup.Prefix == 0 {
		setup.Prefix = 24
	}
	l := &Lab{machine: m, setup: setup, cache: cache}
	if err := l.build(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) build(ctx context.Context) error {
	err := l.merge()
	if err != nil {
		return err
	}
	if l.fabric, err = newFabric(ctx); err != nil {
		return err
	}
	for i := range l.nodes {
		if l.nodes[i], err = l.fabric.newNode(ctx, i, l.setup); err != nil {
			return err
		}
	}
	if l.external, err = l.fabric.client("external", externalNet, externalIP+"/24", externalIP6+"/64"); err != nil {
		return err
	}
	if l.public, err = l.fabric.client("public", publicNet, publicIP+"/24"); err != nil {
		return err
	}
	return l.prepareNodes(ctx)
}

func (l *Lab) prepareNodes(ctx context.Context) error {
	for _, n := range l.nodes {
		if err := l.redirectPods(n); err != nil {
			return err
		}
		if err := n.kubeProxy(ctx, l.setup.Facts.KubeProxyMode, !l.setup.Sabotage.NoMasquerade); err != nil {
			return fmt.Errorf("make the rules of kube-proxy: %w", err)
		}
		if err := l.routeSymmetrically(ctx, n); err != nil {
			l.refusal = &conformance.StartError{Stage: conformance.StageTerway, Err: err}
			return nil
		}
		if err := l.sabotage(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// routeSymmetrically does what Terway's init container does for symmetric routing.
func (l *Lab) routeSymmetrically(ctx context.Context, n *node) error {
	if l.symmetric == nil {
		return nil
	}
	return n.do(func() error { return stub.Symmetric(ctx, *l.symmetric, l.setup.Facts.IPStack == terway.IPStackDual) })
}

func (l *Lab) node() terway.Node {
	node, _, err := l.setup.Facts.EffectiveNode()
	if err != nil {
		panic(err) // facts are completed before they come here
	}
	node.PartialData = l.setup.Partial
	return node
}

// merge is what Terway makes of the ConfigMap, and what the runtime makes of that.
func (l *Lab) merge() error {
	merged, err := terway.Effective(l.setup.Data, l.node())
	if err != nil {
		l.refusal = &conformance.StartError{Stage: conformance.StageTerway, Err: err}
		return nil
	}
	l.conflist, l.symmetric, l.datapath = merged.Conflist, merged.Symmetric, merged.Datapath
	if runs := l.setup.Facts.Terway.Datapath; runs != "" {
		l.datapath = runs
	}
	if merged.Unordered {
		l.conflist = worstOrder(merged.Conflist)
	}
	l.list, err = l.load(l.setup.Data, l.conflist)
	if errors.As(err, &l.refusal) {
		return nil
	}
	return err
}

// listOf is the list of another ConfigMap on the same nodes.
func (l *Lab) listOf(data map[string]string) (*libcni.NetworkConfigList, error) {
	merged, err := terway.Effective(data, l.node())
	if err != nil {
		return nil, &conformance.StartError{Stage: conformance.StageTerway, Err: err}
	}
	return l.load(data, merged.Conflist)
}

// pluginDir is where the binary of a plugin is.
func (l *Lab) pluginDir(plugin string) string {
	if own := l.machine.Plugins[OwnPlugins]; own != "" {
		return own
	}
	release, err := terway.Release(l.setup.Facts.PluginVersion(plugin))
	if err != nil {
		return ""
	}
	return l.machine.Plugins[release]
}

// Layout implements conformance.Environment.
func (l *Lab) Layout() conformance.Layout {
	return layout(l.setup.Facts.IPStack == terway.IPStackDual, l.setup.Prefix)
}

// standIn is what takes Terway's place in labs.
const standIn = "chainlint's stand-in for Terway's plugin and terway-cli, which follows their source at " + terway.Newest + "; the list is what pkg/terway says that Terway writes"

// About implements conformance.Environment.
func (l *Lab) About() conformance.About {
	return conformance.About{
		StandIn: standIn, Emulated: l.emulated(), Conflist: l.conflist, Backend: l.backend(), Datapath: l.datapath,
		Facts: []report.Fact{
			{Name: "kernel", Value: kernelRelease(), Source: "found here"},
			{Name: "iptables", Value: toolVersion("iptables"), Source: "found here"},
			{Name: "nft", Value: toolVersion("nft"), Source: "found here"},
		},
	}
}

// emulated is what of the world is only imitated.
func (l *Lab) emulated() []string {
	f := l.setup.Facts
	all := []string{"containerd: libcni is called as it calls it"}
	if f.ContainerRuntime == terway.RuntimeCRIO {
		all = []string{"CRI-O: libcni is called as it calls it, with CHECK; its own host ports are not there"}
	}
	if f.KubeProxyMode != terway.KubeProxyNone {
		all = append(all, "kube-proxy: the rules that its mode "+f.KubeProxyMode+" makes on every node")
	}
	switch {
	case l.redirects() && withoutRedirect() == "":
		all = append(all, l.datapathName()+": what a pod sends goes to its ENI before the host's netfilter sees it, and what comes by that to the pod")
	case l.redirects():
		all = append(all, l.datapathName()+" could not be imitated: "+withoutRedirect())
	}
	if f.Node.IPv6 == terway.IPv6Disabled {
		all = append(all, "a kernel without IPv6: its files are hidden from plugins")
	}
	return all
}

func (l *Lab) datapathName() string {
	if l.setup.Facts.Exclusive() {
		return "exclusive ENIs"
	}
	return "the datapath " + l.datapath
}

// Missing implements conformance.Environment.
func (l *Lab) Missing(f conformance.Feature) string {
	switch f {
	case conformance.DualStack:
		if l.setup.Facts.IPStack != terway.IPStackDual {
			return "the pods of this cluster have IPv4 addresses only"
		}
	case conformance.IPv6:
		l.ipv6.Do(func() { l.noIPv6 = l.withoutIPv6() })
		return l.noIPv6
	case conformance.HostPorts:
		return l.withoutHostPorts()
	case conformance.Releases:
		if l.machine.Plugins[OwnPlugins] != "" {
			return "the plugins are the nodes' own, of one release"
		}
	case conformance.Redirect:
		return withoutRedirect()
	case conformance.SCTPPackets:
		return withoutSCTP()
	case conformance.Before:
		return conformance.NoGate
	case conformance.Kubelet, conformance.Sandboxes, conformance.Nodes, conformance.MachineChanges, conformance.NodeLists:
		return "pods are network namespaces here, and no kubelet runs them"
	}
	return ""
}

// At implements conformance.Environment.
func (l *Lab) At(where conformance.Where) conformance.Place {
	var s conformance.Place
	switch where {
	case conformance.OnNode:
		s = machine{l.nodes[0].space}
	case conformance.OnOther:
		s = machine{l.nodes[1].space}
	case conformance.AtPublic:
		s = l.public
	default:
		s = l.external
	}
	return l.setup.Sabotage.Hinder(s)
}

// Close implements conformance.Environment.
func (l *Lab) Close() error {
	for _, n := range l.nodes {
		if n != nil {
			n.close()
		}
	}
	for _, s := range []*space{l.external, l.public} {
		if s != nil {
			s.close()
		}
	}
	if l.fabric != nil {
		l.fabric.close()
	}
	return os.RemoveAll(l.cache)
}

// backend is the firewall that portmap programmes, "" without portmap.
func (l *Lab) backend() string {
	list, err := conflist.ParseList(l.conflist)
	if err != nil {
		return ""
	}
	i := slices.IndexFunc(list.Plugins, func(p conflist.Plugin) bool { return p.Type() == cni.Portmap })
	if i < 0 {
		return ""
	}
	return predict.ReadPortmap(list.Plugins[i].Node).Firewall(l.setup.Facts.PluginVersion(cni.Portmap))
}
