// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/child"
	"github.com/chainlint/chainlint/conformance/cluster"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/conformance/stub"
	"github.com/chainlint/chainlint/pkg/terway"
)

// childVariable tells a process that it is one of [Cluster.Run]'s.
const childVariable = "CHAINLINT_KIND"

// job is what a child reads.
type job struct {
	Plan conformance.Plan
	View view
}

// Child does a child's work if this process is one; handled is false where it is none. A program that calls
// [Cluster.Run] calls it first.
func Child(ctx context.Context) (handled bool) {
	if os.Getenv(childVariable) == "" {
		return false
	}
	child.Work(ctx, func(ctx context.Context, j job, emit func(conformance.Event)) error {
		l, err := newLane(ctx, j.View)
		if err != nil {
			return err
		}
		conformance.Suite(ctx, l, j.Plan, emit)
		return nil
	})
	return true
}

// lanes are how many processes use a cluster at a time: much of their time is waiting for kubelets.
const lanes = 8

// alone tells whether a spec must have the cluster for itself: because it counts rules on a node, or disrupts it.
func alone(spec *conformance.Spec) bool {
	return slices.Contains(spec.Needs, conformance.Rules) || spec.Disruptive
}

// Run makes the cluster what the plan says and runs its specs: first those that can share the cluster, then those that
// cannot, then those that bring chains of their own, and mutants. emit is never called twice at a time. plugins finds the directory of each reference plugin.
func (c *Cluster) Run(ctx context.Context, plan conformance.Plan, plugins func(plugin string) (string, error), emit func(conformance.Event)) error {
	plan.Setup.Data = withLive(plan.Setup.Data)
	access, err := cluster.Connect(ctx, c.Kubeconfig)
	if err != nil {
		return err
	}
	v := c.view(plan.Setup)
	err = c.provision(ctx, access.Client, plan.Setup, plugins)
	if v.World.Refusal = cluster.RefusalOf(err); err != nil && v.World.Refusal == nil {
		return err
	}
	if err := c.tidy(ctx, access); err != nil {
		return fmt.Errorf("remove what an earlier run left on %s: %w", c.Name, err)
	}
	access.Environment = environmentName
	if err := access.CreateNamespace(ctx); err != nil {
		return err
	}
	v.Namespace, v.ID = access.Namespace, access.ID
	defer func() { c.left = errors.Join(c.left, access.Remove(context.WithoutCancel(ctx))) }()
	shared, apart, own := split(plan)
	start := func(part conformance.Plan, emit func(conformance.Event)) error {
		return child.Start(ctx, childVariable, job{part, v}, emit)
	}
	if err := child.Lanes(shared, lanes, emit, start); err != nil {
		return err
	}
	v.Alone = true
	for _, part := range []conformance.Plan{apart, own} {
		if len(part.Specs)+len(part.Mutants) == 0 {
			continue
		}
		if err := start(part, emit); err != nil {
			return err
		}
	}
	return nil
}

// view is what children must know.
func (c *Cluster) view(setup conformance.Setup) view {
	first, second := c.nodes[1], c.nodes[2]
	layout := conformance.Layout{
		Node:   conformance.NodeLayout{Address: first.ip, Address6: first.ip6, Secondary: first.eni, Secondary6: first.eni6},
		Other:  conformance.NodeLayout{Address: second.ip, Address6: second.ip6, Secondary: second.eni, Secondary6: second.eni6},
		Public: public, PublicNode: elasticIP, External: external, Prefix: c.PodRanges[0], Dual: c.dual(),
	}
	if c.dual() {
		layout.External6, layout.Prefix6 = external6, c.PodRanges[1]
	}
	return view{
		Name: c.Name, Kubeconfig: c.Kubeconfig, Nodes: c.names(), VPC: c.vpc.container(), Data: setup.Data,
		World: cluster.World{
			Node: first.name, Other: second.name, Layout: layout, Facts: setup.Facts, About: c.about(setup), Bypassed: bypassed(setup),
			API: c.nodes[0].ip.String() + ":6443", Proxied: c.Options.KubeProxyMode != terway.KubeProxyNone, Name: c.dnsName(setup),
		},
	}
}

// standInWords say what took Terway's place.
const standInWords = "chainlint's stand-in for Terway as DaemonSet kube-system/terway-eniip, which follows Terway's source at " + terway.Newest + "; the list is what pkg/terway says that Terway writes"

func (c *Cluster) about(setup conformance.Setup) conformance.About {
	about := conformance.About{
		StandIn: standInWords, Emulated: []string{"a VPC: a container routes between the nodes, their ENIs and the clients outside, and translates the elastic address"},
		Facts: []report.Fact{
			{Name: "cluster", Value: c.Config, Source: "kind-configs"},
			{Name: "kernel", Value: kernel(), Source: "found here"},
		},
	}
	about.Landed(setup)
	about.Datapath = landedDatapath(setup)
	if bypassed(setup) {
		about.Emulated = append(about.Emulated, "the datapath: what a pod sends goes to its ENI before the host's netfilter sees it, and what comes by that to the pod; pods reach no service by it")
	}
	return about
}

// landedDatapath is the datapath that runs: that of the facts, else that of the list.
func landedDatapath(setup conformance.Setup) string {
	var landed conformance.About
	landed.Landed(setup)
	return cmp.Or(setup.Facts.Terway.Datapath, landed.Datapath)
}

// bypassed tells whether what pods send passes the host's netfilter by.
func bypassed(setup conformance.Setup) bool {
	return stub.Redirects(landedDatapath(setup), setup.Facts.Exclusive())
}

func kernel() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(name.Release[:])
}

// dnsName is a name that every cluster with a DNS knows, "" where this one has none.
func (c *Cluster) dnsName(setup conformance.Setup) string {
	if c.withoutDNS || bypassed(setup) {
		return ""
	}
	return "kubernetes.default.svc.cluster.local"
}

// split tells what can share a cluster from what cannot, and from what replaces its chain, after which the chain under test
// is not there any more.
func split(plan conformance.Plan) (shared, apart, own conformance.Plan) {
	shared, apart, own = plan, plan, plan
	shared.Specs, shared.Mutants, apart.Specs, apart.Mutants, own.Specs = nil, nil, nil, nil, nil
	for _, id := range plan.Specs {
		switch spec := conformance.Find(id); {
		case spec.Own:
			own.Specs = append(own.Specs, id)
		case alone(spec):
			apart.Specs = append(apart.Specs, id)
		default:
			shared.Specs = append(shared.Specs, id)
		}
	}
	return shared, apart, own
}

// Fits tells whether a cluster serves for facts.
func (c *Cluster) Fits(f terway.PoolFacts) bool {
	return c != nil && c.Options.KubeProxyMode == f.KubeProxyMode && c.Options.IPStack == f.IPStack
}
