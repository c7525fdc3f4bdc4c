// SPDX-License-Identifier: Apache-2.0

// Package kind is the environment of the conformance suite that is a kind cluster: real nodes' kubelet, containerd and
// kube-proxy, the real portmap and tuning, and a stand-in for Terway as DaemonSet kube-system/terway-eniip. A further
// container is the VPC around the nodes: it routes, translates the elastic address, and holds the clients outside.
package kind

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/defaults"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/cluster/nodes"
	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/internal/image"
	kindconfigs "github.com/chainlint/chainlint/kind-configs"
)

// Prefix of the names of all clusters, networks and containers that are made here.
const Prefix = "chainlint-"

// Options of a cluster.
type Options struct {
	// KubeProxyMode and IPStack choose the configuration.
	KubeProxyMode, IPStack string
	// NodeImage of the nodes, "" for the one that is at hand: see [NodeImage].
	NodeImage string
	// Programs that go to the nodes; without any, this one and the one beside it.
	Programs image.Programs
	// Keep leaves the cluster, and takes one that was left.
	Keep bool
	// Say tells a person what goes on.
	Say func(format string, args ...any)
}

// Cluster is a kind cluster with a VPC around it.
type Cluster struct {
	// Config is the name of the configuration, Name that of the cluster.
	Config, Name string
	Options      Options
	// Kubeconfig is a file that is removed with the cluster.
	Kubeconfig string
	// PodRanges are the vSwitches of pods, IPv4 first.
	PodRanges []netip.Prefix

	provider *cluster.Provider
	// nodes of the cluster: the control plane, and two workers.
	nodes []node
	dir   string
	vpc   vpc
	// withoutDNS: the node image has no CoreDNS.
	withoutDNS bool
	loaded     map[string]bool
}

// node is a container that is a node.
type node struct {
	nodes.Node
	name          string
	ip, ip6       netip.Addr // on kind's network
	eni, eni6     netip.Addr // on the network of ENIs
	slice, slice6 netip.Prefix
}

// ownImage is the repository of node images that this repository makes.
const ownImage = "chainlint/node"

// withoutLabel of a node image names add-ons that are not in it.
const withoutLabel = "dev.chainlint.without"

// NodeImage is the image that nodes are made of: kind's own default where the engine has it, else the newest that
// make node-image made, else kind's default, which is fetched.
func NodeImage(ctx context.Context) string {
	if hasImage(ctx, defaults.Image) {
		return defaults.Image
	}
	tags, err := docker(ctx, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", ownImage)
	if err == nil && tags != "" {
		return slices.Max(strings.Fields(tags))
	}
	return defaults.Image
}

// Create makes a cluster. What it made of one that does not come up is removed.
func Create(ctx context.Context, o Options) (*Cluster, error) {
	if err := Available(ctx); err != nil {
		return nil, err
	}
	name, text, err := kindconfigs.For(o.KubeProxyMode, o.IPStack)
	if err != nil {
		return nil, err
	}
	c := &Cluster{Config: name, Name: Prefix + name, Options: o, loaded: map[string]bool{}}
	c.provider = cluster.NewProvider(cluster.ProviderWithDocker())
	if c.dir, err = os.MkdirTemp("", "chainlint-kind-"); err != nil {
		return nil, err
	}
	c.Kubeconfig = filepath.Join(c.dir, "kubeconfig")
	there, err := c.exists()
	switch {
	case err == nil && there && o.Keep:
		err = c.adopt(ctx, text)
	case err == nil && there:
		err = fmt.Errorf("there is a kind cluster %s already: another run uses it, or one left it; --keep uses it again, and chainlint-conformance cleanup removes it", c.Name)
	case err == nil:
		if err := c.create(ctx, text); err != nil {
			return nil, errors.Join(err, c.Delete(context.WithoutCancel(ctx)))
		}
		return c, nil
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(c.dir))
	}
	return c, nil
}

// programs that go to the nodes.
func (c *Cluster) programs() (image.Programs, error) {
	if c.Options.Programs != (image.Programs{}) {
		return c.Options.Programs, nil
	}
	return image.Find()
}

func (c *Cluster) exists() (bool, error) {
	all, err := c.provider.List()
	if err != nil {
		return false, fmt.Errorf("list kind clusters: %w", err)
	}
	return slices.Contains(all, c.Name), nil
}

// adopt takes a cluster that an earlier run left. What is half made is an error.
func (c *Cluster) adopt(ctx context.Context, text []byte) error {
	config, err := c.provider.KubeConfig(c.Name, false)
	if err == nil {
		err = os.WriteFile(c.Kubeconfig, []byte(config), 0o600)
	}
	if err == nil {
		_, err = c.configure(ctx, text, c.nodeImage(ctx))
	}
	if err == nil {
		err = c.findNodes(ctx)
	}
	if err == nil {
		c.vpc = vpc{name: c.Name}
		err = c.findAddresses(ctx)
	}
	if err != nil {
		return fmt.Errorf("the cluster %s that is there is not whole, chainlint-conformance cleanup removes it: %w", c.Name, err)
	}
	c.say("cluster %s, which an earlier run left", c.Name)
	return c.install(ctx)
}

func (c *Cluster) nodeImage(ctx context.Context) string {
	if c.Options.NodeImage != "" {
		return c.Options.NodeImage
	}
	return NodeImage(ctx)
}

func (c *Cluster) create(ctx context.Context, text []byte) error {
	from := c.nodeImage(ctx)
	config, err := c.configure(ctx, text, from)
	if err != nil {
		return err
	}
	c.say("cluster %s of %s", c.Name, from)
	made := make(chan error, 1)
	go func() {
		made <- c.provider.Create(c.Name, cluster.CreateWithV1Alpha4Config(config), cluster.CreateWithNodeImage(from),
			cluster.CreateWithKubeconfigPath(c.Kubeconfig), cluster.CreateWithDisplayUsage(false), cluster.CreateWithDisplaySalutation(false), cluster.CreateWithRetain(true))
	}()
	select {
	case err = <-made:
	case <-ctx.Done(): // kind's library cannot be interrupted: its containers are taken away from it
		_ = c.provider.Delete(c.Name, c.Kubeconfig)
		return errors.Join(ctx.Err(), ignored(<-made), c.provider.Delete(c.Name, c.Kubeconfig)) // what it made meanwhile
	}
	if err != nil {
		return fmt.Errorf("make the kind cluster %s of %s: %w%s", c.Name, from, err, hintFor(from))
	}
	if err := c.findNodes(ctx); err != nil {
		return err
	}
	return c.surround(ctx, from)
}

func hintFor(image string) string {
	if image == defaults.Image {
		return "\nWhere no registry is reached, make node-image makes a node image of Debian's packages and Go modules"
	}
	return ""
}

// configure is kind's configuration with what this host and this image need.
func (c *Cluster) configure(ctx context.Context, text []byte, image string) (*v1alpha4.Cluster, error) {
	var config v1alpha4.Cluster
	if err := yaml.UnmarshalStrict(text, &config); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Config, err)
	}
	here, err := findHost(ctx)
	if err != nil {
		return nil, err
	}
	if here.cgroupV1 {
		config.KubeadmConfigPatches = append(config.KubeadmConfigPatches, "kind: KubeletConfiguration\nfailCgroupV1: false\n")
	}
	if here.withoutSysResource {
		config.ContainerdConfigPatches = append(config.ContainerdConfigPatches, "[plugins.\"io.containerd.grpc.v1.cri\"]\n  restrict_oom_score_adj = true\n")
	}
	without, err := docker(ctx, "image", "inspect", "--format", `{{index .Config.Labels "`+withoutLabel+`"}}`, image)
	if c.withoutDNS = err == nil && without == "coredns"; c.withoutDNS {
		skip := []string{"preflight", "addon/coredns"}
		if c.Options.KubeProxyMode == "none" {
			skip = append(skip, "addon/kube-proxy")
		}
		config.KubeadmConfigPatches = append(config.KubeadmConfigPatches, "kind: InitConfiguration\nskipPhases: ["+strings.Join(skip, ", ")+"]\n")
	}
	ranges := config.Networking.PodSubnet
	if ranges == "" {
		ranges = podRanges[config.Networking.IPFamily]
		config.Networking.PodSubnet = ranges
	}
	for part := range strings.SplitSeq(ranges, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("%s: podSubnet: %w", c.Config, err)
		}
		c.PodRanges = append(c.PodRanges, p)
	}
	return &config, nil
}

// podRanges are kind's defaults; they are the pods' vSwitches here.
var podRanges = map[v1alpha4.ClusterIPFamily]string{
	v1alpha4.IPv4Family: "10.244.0.0/16", "": "10.244.0.0/16", v1alpha4.DualStackFamily: "10.244.0.0/16,fd00:10:244::/56",
}

// findNodes sorts the nodes: the control plane first, then workers by name.
func (c *Cluster) findNodes(ctx context.Context) error {
	all, err := c.provider.ListNodes(c.Name)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b nodes.Node) int { return strings.Compare(a.String(), b.String()) })
	c.nodes = nil
	for _, n := range all {
		found := node{Node: n, name: n.String()}
		var err error
		if found.ip, found.ip6, err = addressesOf(ctx, found.name, kindNetwork); err != nil {
			return err
		}
		if !c.dual() {
			found.ip6 = netip.Addr{}
		}
		c.nodes = append(c.nodes, found)
	}
	if len(c.nodes) < 3 {
		return fmt.Errorf("the cluster %s has %d nodes, and the specs take a control plane and two workers", c.Name, len(c.nodes))
	}
	return nil
}

// ignored is no error: what was cut off fails, and that is all that it says.
func ignored(error) error { return nil }

// deleteLimit bounds the removal of a cluster.
const deleteLimit = time.Minute

// Close removes the cluster, unless it is to be kept, and the files of this process.
func (c *Cluster) Close(ctx context.Context) error {
	if c.Options.Keep {
		c.say("the cluster %s is kept: kind export kubeconfig --name %s; chainlint-conformance cleanup removes it", c.Name, c.Name)
		return os.RemoveAll(c.dir)
	}
	return c.Delete(ctx)
}

// Delete removes the cluster and everything around it.
func (c *Cluster) Delete(ctx context.Context) error {
	return errors.Join(Delete(ctx, c.Name), os.RemoveAll(c.dir))
}

// Delete removes a cluster by its name, whatever of it is there.
func Delete(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, deleteLimit)
	defer cancel()
	scratch, err := os.CreateTemp("", "chainlint-kubeconfig-") // kind removes the cluster from a kubeconfig, not from the user's
	if err != nil {
		return err
	}
	defer os.Remove(scratch.Name()) //nolint:errcheck // a file for nobody
	if err := scratch.Close(); err != nil {
		return err
	}
	err = cluster.NewProvider(cluster.ProviderWithDocker()).Delete(name, scratch.Name())
	return errors.Join(err, vpc{name: name}.remove(ctx))
}

// Left are clusters of runs, those included of which only a container or a network is left.
func Left(ctx context.Context) ([]string, error) {
	names, err := cluster.NewProvider(cluster.ProviderWithDocker()).List()
	if err != nil {
		return nil, err
	}
	for _, list := range [][]string{{"ps", "-a"}, {"network", "ls"}} {
		out, err := docker(ctx, append(list, "--filter", "label="+clusterLabel, "--format", `{{.Label "`+clusterLabel+`"}}`)...)
		if err != nil {
			return nil, err
		}
		names = append(names, strings.Fields(out)...)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, Prefix) })
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (c *Cluster) say(format string, args ...any) {
	if c.Options.Say != nil {
		c.Options.Say(format, args...)
	}
}

// onAll runs f for all nodes at once.
func (c *Cluster) onAll(f func(n *node) error) error {
	failed := make(chan error, len(c.nodes))
	for i := range c.nodes {
		go func() {
			err := f(&c.nodes[i])
			if err != nil {
				err = fmt.Errorf("node %s: %w", c.nodes[i].name, err)
			}
			failed <- err
		}()
	}
	var all []error
	for range c.nodes {
		all = append(all, <-failed)
	}
	return errors.Join(all...)
}

// output of a command on a node.
func (n *node) output(ctx context.Context, name string, args ...string) (string, error) {
	var out bytes.Buffer
	err := n.CommandContext(ctx, name, args...).SetStdout(&out).Run()
	return out.String(), err
}
