// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/chainlint/chainlint/conformance/stub"
)

// vpc is what is around the nodes of a cluster: a network for ENIs, and a container that routes between it, the nodes'
// network and the clients outside, which are network namespaces in it.
type vpc struct {
	// name of the cluster; those of the network and of the container follow from it.
	name string
}

func (v vpc) network() string   { return v.name + "-eni" }
func (v vpc) container() string { return v.name + "-vpc" }

// Addresses outside of the cluster, as in the lab of network namespaces.
var (
	external   = netip.MustParseAddr("192.168.5.20")
	external6  = netip.MustParseAddr("fd00:5::20")
	public     = netip.MustParseAddr("203.0.113.20")
	elasticIP  = netip.MustParseAddr("198.51.100.10")
	eniSubnet6 = "fd00:16::/64"
)

// clusterLabel of containers and networks names the cluster that they belong to.
const clusterLabel = "dev.chainlint.cluster"

// kindNetwork is the network that kind puts nodes on.
const kindNetwork = "kind"

// agentPath is where nodes and the router have the suite's program, which is their agent.
const agentPath = "/usr/local/bin/chainlint-conformance"

//go:embed vpc.sh
var vpcScript string

//go:embed node.sh
var nodeScript string

// surround makes the VPC.
func (c *Cluster) surround(ctx context.Context, nodeImage string) error {
	c.vpc = vpc{name: c.Name}
	create := []string{"network", "create", "--label", clusterLabel + "=" + c.Name}
	if c.dual() {
		create = append(create, "--ipv6", "--subnet", eniSubnet6)
	}
	if _, err := docker(ctx, append(create, c.vpc.network())...); err != nil {
		return err
	}
	_, err := docker(ctx, "run", "-d", "--privileged", "--label", clusterLabel+"="+c.Name, "--network", kindNetwork,
		"--name", c.vpc.container(), "--hostname", "vpc", "--entrypoint", "sleep", nodeImage, "infinity")
	if err != nil {
		return err
	}
	for _, name := range append(c.names(), c.vpc.container()) { // one after the other, so that each is eth1
		if _, err := docker(ctx, "network", "connect", c.vpc.network(), name); err != nil {
			return err
		}
	}
	if err := c.findAddresses(ctx); err != nil {
		return err
	}
	if err := c.routes(ctx); err != nil {
		return err
	}
	return c.install(ctx)
}

func (c *Cluster) dual() bool { return len(c.PodRanges) > 1 }

func (c *Cluster) names() []string {
	var all []string
	for _, n := range c.nodes {
		all = append(all, n.name)
	}
	return all
}

// findAddresses asks the engine for what it gave.
func (c *Cluster) findAddresses(ctx context.Context) error {
	for i := range c.nodes {
		n := &c.nodes[i]
		var err error
		if n.eni, n.eni6, err = addressesOf(ctx, n.name, c.vpc.network()); err != nil {
			return err
		}
	}
	return nil
}

func addressesOf(ctx context.Context, container, network string) (ip, ip6 netip.Addr, err error) {
	out, err := docker(ctx, "inspect", "--format", fmt.Sprintf(`{{with index .NetworkSettings.Networks %q}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}`, network), container)
	if err != nil {
		return ip, ip6, err
	}
	v4, v6, _ := strings.Cut(out, " ")
	if v4 == "" {
		return ip, ip6, fmt.Errorf("%s is not on the network %s", container, network)
	}
	if ip, err = netip.ParseAddr(v4); err != nil {
		return ip, ip6, fmt.Errorf("the address of %s on %s: %w", container, network, err)
	}
	if v6 != "" {
		ip6, err = netip.ParseAddr(v6)
	}
	return ip, ip6, err
}

// routes runs the scripts that make a VPC of containers.
func (c *Cluster) routes(ctx context.Context) error {
	if err := c.findSlices(ctx); err != nil {
		return err
	}
	if err := script(ctx, c.vpc.container(), c.vpcVariables()+vpcScript); err != nil {
		return fmt.Errorf("make the VPC: %w", err)
	}
	return c.onAll(func(n *node) error { return behind(ctx, n.name, c.vpc.container(), c.dual()) })
}

// behind puts a node behind the router.
func behind(ctx context.Context, node, router string, dual bool) error {
	ip, ip6, err := addressesOf(ctx, router, kindNetwork)
	if err != nil {
		return err
	}
	return script(ctx, node, fmt.Sprintf("ROUTER=%s ROUTER6=%s\n", ip, valid(ip6, dual))+nodeScript)
}

// findSlices asks for the nodes' parts of the pods' ranges.
func (c *Cluster) findSlices(ctx context.Context) error {
	kubectl := `jsonpath={range .items[*]}{.metadata.name}{range .spec.podCIDRs[*]} {@}{end}{"\n"}{end}`
	out, err := c.nodes[0].output(ctx, "kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "get", "nodes", "-o", kubectl)
	if err != nil {
		return fmt.Errorf("ask for the nodes' parts of the pods' range: %w", err)
	}
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		for i := range c.nodes {
			n := &c.nodes[i]
			for k, part := range fields[1:] {
				slice, err := netip.ParsePrefix(part)
				if err != nil || n.name != fields[0] {
					continue
				}
				if k == 0 {
					n.slice = slice
				} else {
					n.slice6 = slice
				}
			}
		}
	}
	return nil
}

// valid is an address as text, "" where it is not wanted or not there.
func valid(ip netip.Addr, wanted bool) string {
	if !wanted || !ip.IsValid() {
		return ""
	}
	return ip.String()
}

func (c *Cluster) vpcVariables() string {
	var routes, gateways []string
	for _, n := range c.nodes {
		routes = append(routes, n.slice.String()+","+n.eni.String())
		if c.dual() {
			routes = append(routes, n.slice6.String()+","+n.eni6.String())
		}
	}
	for _, r := range c.PodRanges {
		gateways = append(gateways, stub.Gateway(r).String())
	}
	dual := ""
	if c.dual() {
		dual = "yes"
	}
	return fmt.Sprintf("ROUTES='%s' GATEWAYS='%s' EXTERNAL=%s EXTERNAL6=%s PUBLIC=%s ELASTIC=%s NODE=%s DUAL=%s\n",
		strings.Join(routes, " "), strings.Join(gateways, " "), external, external6, public, elasticIP, c.nodes[1].ip, dual)
}

// install brings the agent to the nodes and into the VPC.
func (c *Cluster) install(ctx context.Context) error {
	programs, err := c.programs()
	if err != nil {
		return err
	}
	for _, name := range append(c.names(), c.vpc.container()) {
		if _, err := docker(ctx, "cp", programs.Conformance, name+":"+agentPath); err != nil {
			return err
		}
	}
	return nil
}

// remove removes what is there of the VPC.
func (v vpc) remove(ctx context.Context) error {
	var failed []error
	for _, args := range [][]string{{"rm", "-f", "-v", v.container()}, {"network", "rm", v.network()}} {
		if _, err := docker(ctx, args...); err != nil && !strings.Contains(err.Error(), "No such") && !strings.Contains(err.Error(), "not found") {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}
