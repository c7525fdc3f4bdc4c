// SPDX-License-Identifier: Apache-2.0

// Package kind is the environment of the conformance suite that is a kind cluster: real nodes' kubelet, containerd and
// kube-proxy, the real portmap and tuning, and a stand-in for Terway as DaemonSet kube-system/terway-eniip. A further
// container is the VPC around the nodes: it routes, translates the elastic address, and holds the clients outside.
package kind

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/defaults"
	kindcluster "sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/cluster/nodes"

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
	// Kubeconfig is a file in the user's cache, which is removed with the cluster.
	Kubeconfig string
	// PodRanges are the vSwitches of pods, IPv4 first.
	PodRanges []netip.Prefix

	provider *kindcluster.Provider
	// nodes of the cluster: the control plane, and two workers.
	nodes []node
	claim *claim
	vpc   vpc
	// withoutDNS: the node image has no CoreDNS.
	withoutDNS bool
	// adopted: an earlier run left it.
	adopted bool
	loaded  map[string]bool
	// left is why something of a run is still on the cluster.
	left error
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

// Create makes a cluster, or takes the one that was kept. What it made of one that does not come up is removed.
func Create(ctx context.Context, o Options) (*Cluster, error) {
	if err := Available(ctx); err != nil {
		return nil, err
	}
	name, text, err := kindconfigs.For(o.KubeProxyMode, o.IPStack)
	if err != nil {
		return nil, err
	}
	c := &Cluster{Config: name, Name: Prefix + name, Options: o, loaded: map[string]bool{}}
	c.provider = kindcluster.NewProvider(kindcluster.ProviderWithDocker())
	if _, c.Kubeconfig, err = files(c.Name); err != nil {
		return nil, err
	}
	if c.claim, err = take(c.Name); err != nil {
		return nil, err
	}
	if err := c.make(ctx, text); err != nil {
		c.claim.release()
		return nil, err
	}
	return c, nil
}

// make makes the cluster, or takes the one that is there.
func (c *Cluster) make(ctx context.Context, text []byte) error {
	there, err := c.exists()
	switch {
	case err != nil:
		return err
	case there && c.Options.Keep:
		return c.adopt(ctx, text)
	case there:
		return fmt.Errorf("there is a kind cluster %s already, which an earlier run left: --keep uses it again, and chainlint-conformance cleanup removes it", c.Name)
	}
	if err := c.create(ctx, text); err != nil {
		return errors.Join(err, remove(context.WithoutCancel(ctx), c.Name))
	}
	return nil
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

// environmentName is the value of the label of namespaces that runs on kind make.
const environmentName = "kind"

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
		made <- c.provider.Create(c.Name, kindcluster.CreateWithV1Alpha4Config(config), kindcluster.CreateWithNodeImage(from),
			kindcluster.CreateWithKubeconfigPath(c.Kubeconfig), kindcluster.CreateWithDisplayUsage(false), kindcluster.CreateWithDisplaySalutation(false), kindcluster.CreateWithRetain(true))
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

// Close removes the cluster, unless it is to be kept. The error is also what an earlier [Cluster.Run] could not remove
// of a cluster that is kept.
func (c *Cluster) Close(ctx context.Context) error {
	defer c.claim.release()
	if c.Options.Keep {
		c.say("the cluster %s is kept: kind export kubeconfig --name %s; chainlint-conformance cleanup removes it", c.Name, c.Name)
		return c.left
	}
	return remove(ctx, c.Name)
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
