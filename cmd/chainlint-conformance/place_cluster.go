// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/cluster"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/conformance/target"
	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/pkg/terway"
)

// liveCluster is a cluster behind a kubeconfig.
type liveCluster struct {
	options *options
	access  *cluster.Access
	live    *cluster.Live
	say     func(format string, args ...any)
	// failed: a case did not come about. stuck: a chain was not taken back.
	failed, stuck bool
}

// connect reads what the cluster says of itself.
func (a *app) connect(ctx context.Context, o *options) (*liveCluster, error) {
	access, err := cluster.Connect(ctx, o.kubeconfig)
	if err != nil {
		return nil, err
	}
	live, err := access.Read(ctx)
	if err != nil {
		return nil, err
	}
	if live.Replaced != "" {
		return nil, errors.New(live.Replaced)
	}
	return &liveCluster{options: o, access: access, live: live, say: a.say}, nil
}

// targets are the chains that the options name; without any, the one that the cluster runs. Facts that the options do
// not name are the cluster's own.
func (l *liveCluster) targets() ([]*target.Target, error) {
	o := l.options.Options
	if o.Overlay != "" {
		return target.Load(o)
	}
	facts, err := input.Documents(input.FactsDocument("live", l.live.Facts))
	if err != nil {
		return nil, err
	}
	name := ""
	switch {
	case o.ENIConfig == "" && l.live.Config == "":
		return nil, fmt.Errorf("the cluster has no ConfigMap %s/%s: is Terway what gives its pods their network?", terway.ConfigMapNamespace, terway.ConfigMapName)
	case o.ENIConfig == "":
		name = "the live eni-config of " + l.access.Rest.Host
		o.ENIConfig, o.In = "-", strings.NewReader(l.live.Config)
		if o.Facts == "" {
			o.In = strings.NewReader(l.live.Config + "---\n" + string(facts))
		}
	case o.Facts == "" && o.ENIConfig != "-":
		o.Facts, o.In = "-", strings.NewReader(string(facts))
	}
	all, err := target.Load(o)
	for _, t := range all {
		if name != "" {
			t.Name = name
		}
		if l.options.Facts == "" {
			t.FactsFile = "the cluster"
		}
	}
	return all, err
}

// missing are permissions that a run lacks.
func (l *liveCluster) missing(ctx context.Context) error {
	lacking, err := l.access.MissingRights(ctx, l.options.namespace, l.options.disruptive)
	if err != nil {
		return err
	}
	if lacking != nil {
		return fmt.Errorf("permissions are missing, chainlint-conformance %s prints them as manifests:\n  %s", l.options.rbacWords(), strings.Join(lacking, "\n  "))
	}
	return nil
}

// clusterPlace makes the namespace of the run, or takes the one that is named.
func (a *app) clusterPlace(ctx context.Context, l *liveCluster, cases []*testCase) (place, error) {
	if err := l.replaceable(cases); err != nil {
		return nil, err
	}
	if err := l.missing(ctx); err != nil {
		return nil, err
	}
	if l.options.disruptive {
		signal.Ignore(syscall.SIGPIPE) // who reads along may go, and the chain must be taken back even so
	}
	l.access.Image, l.access.Namespace = l.options.image, l.options.namespace
	if l.options.gateEnds {
		l.access.Namespace, l.access.ID = l.options.gate.Namespace, l.options.gate.ID
	}
	if l.options.gate != nil {
		l.access.Lifetime = cluster.GateLifetime
	}
	if l.access.Namespace != "" {
		return l, l.access.UseNamespace(ctx)
	}
	return l, l.access.CreateNamespace(ctx)
}

func (l *liveCluster) run(ctx context.Context, c *testCase, emit func(conformance.Event)) error {
	err := l.judge(ctx, c, emit)
	l.failed = l.failed || err != nil
	return err
}

// sample chooses the nodes of a case: the one that is judged, and one to ask from.
func (l *liveCluster) sample(c *testCase) (node, other string, err error) {
	var named []string
	for _, p := range l.live.Facts.NodePools {
		named = append(named, p.Name)
	}
	return l.live.Sample(c.pool, named, l.options.nodes, l.options.disruptive)
}

// judge samples a node and runs the case there; before an upgrade it leaves pods.
func (l *liveCluster) judge(ctx context.Context, c *testCase, emit func(conformance.Event)) error {
	if l.stuck {
		return errors.New("the chain of an earlier case was not taken back, so no other one is put in place")
	}
	node, other, err := l.sample(c)
	if err != nil {
		return err
	}
	w := l.world(c.plan.Setup, node, other)
	switch {
	case l.options.disruptive:
		chain := l.access.NewReplacement(l.judging(c), node, other)
		before, err := l.access.Lists(ctx, chain.Nodes)
		if err != nil {
			return err
		}
		w.Lists = before
		defer func() { l.ended(l.takeBack(ctx, chain, before), emit) }()
		if err := l.putInPlace(ctx, chain, c, &w); err != nil {
			return err
		}
		chain.Lent = chain.Lent || slices.ContainsFunc(c.plan.Specs, func(id string) bool { return conformance.Find(id).Own })
	case l.options.inspect:
		w.Lists, err = l.access.Lists(ctx, []string{node})
	}
	if err != nil {
		return err
	}
	gate, name := l.options.gate, l.options.below(c)
	if l.options.gateEnds {
		if w.Kept = gate.Kept[name]; w.Kept == nil {
			return errors.New("no pods from before the upgrade are known here: was this node pool there, and did gate --before run?")
		}
	}
	err = cluster.Run(ctx, l.access, l.options.kubeconfig, c.plan, w, emit)
	if gate == nil || l.options.gateEnds {
		return err
	}
	if err != nil {
		return err
	}
	kept, err := l.access.Keep(ctx, w)
	gate.Namespace, gate.ID, gate.Kept[name] = l.access.Namespace, l.access.ID, kept
	return err
}

// ended tells, in the report and at once, of a chain that was not taken back.
func (l *liveCluster) ended(err error, emit func(conformance.Event)) {
	if err == nil {
		return
	}
	l.stuck = true
	l.say("the chain was not taken back: %v", err)
	emit(conformance.Event{Left: err.Error()})
}

// world is what is known of the cluster before a case.
func (l *liveCluster) world(setup conformance.Setup, node, other string) cluster.World {
	outside := l.options.external != ""
	return cluster.World{
		Node: node, Other: other, Facts: setup.Facts, Partial: setup.Partial, Layout: l.live.Layout(node, other, setup.Facts.IPStack == terway.IPStackDual, outside), Outside: outside,
		API: l.live.API(), Proxied: setup.Facts.KubeProxyMode != terway.KubeProxyNone,
		About: conformance.About{Conflist: setup.Effective(), Facts: []report.Fact{
			{Name: "node", Value: node, Source: "sampled"}, {Name: "node to ask from", Value: cmp.Or(other, "none"), Source: "sampled"},
		}},
	}
}

func (l *liveCluster) rootless() bool { return false }

func (l *liveCluster) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if g := l.options.gate; g != nil && g.Namespace != "" && l.options.gateEnds == l.failed {
		return nil // the pods stay until --after came about
	}
	if l.options.namespace != "" {
		return l.access.Sweep(ctx)
	}
	return l.access.Remove(ctx)
}

// errNoImage says where the image of probes comes from.
var errNoImage = errors.New("--image names the image of probes, which the cluster's nodes must be able to fetch: chainlint-conformance images save writes it as an archive")
