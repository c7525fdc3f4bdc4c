// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/agent"
	"github.com/chainlint/chainlint/conformance/cluster"
	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/terway"
)

// view is what a process of the suite must know of a cluster that another one made.
type view struct {
	Name, Kubeconfig, Namespace, ID string
	// Nodes are the containers, the control plane first; VPC is that of the clients outside.
	Nodes []string
	VPC   string
	World cluster.World
	// Data of the ConfigMap that was rolled out, and with which facts.
	Data map[string]string
	// Alone: no other process uses the cluster, so the chain may be replaced.
	Alone bool
}

// lane is one process's way to a cluster. It implements conformance.Opener.
type lane struct {
	view
	access *cluster.Access
	places cluster.Places
	// current is what the cluster runs.
	current map[string]string
}

func newLane(ctx context.Context, v view) (*lane, error) {
	access, err := cluster.Connect(ctx, v.Kubeconfig)
	if err != nil {
		return nil, err
	}
	access.Namespace, access.Image, access.ID = v.Namespace, suiteImage, v.ID
	l := &lane{view: v, access: access, places: cluster.Places{}, current: v.Data}
	for where, container := range map[conformance.Where]string{conformance.OnNode: v.Nodes[1], conformance.OnOther: v.Nodes[2]} {
		remote, err := inContainer(container)
		if err != nil {
			return nil, err
		}
		l.places[where] = &machine{remote, container}
	}
	for where, namespace := range map[conformance.Where]string{conformance.AtExternal: "external", conformance.AtPublic: "public"} {
		remote, err := inContainer(v.VPC, "ip", "netns", "exec", namespace)
		if err != nil {
			return nil, err
		}
		l.places[where] = remote
	}
	return l, nil
}

// machine is a node as a place: its firewall can be read, and commands can be run there.
type machine struct {
	*agent.Remote
	container string
}

// Look implements conformance.Place.
func (m *machine) Look(ctx context.Context, sysctls ...string) (probe.Inspection, error) {
	seen, err := m.Remote.Look(ctx, sysctls...)
	if err != nil {
		return seen, err
	}
	seen.Rules, err = m.Rules(ctx)
	return seen, err
}

// Shell implements conformance.Operator.
func (m *machine) Shell(ctx context.Context, text, stdin string) (string, error) {
	return dockerWith(ctx, stdin, "exec", "-i", m.container, "sh", "-c", text)
}

// Open implements conformance.Opener: the chain is rolled out on the cluster, which stays the world that it is.
func (l *lane) Open(ctx context.Context, setup conformance.Setup) (conformance.Environment, error) {
	if why := l.unsupported(setup); why != "" {
		return nil, &conformance.Unsupported{Why: why}
	}
	setup.Data = withLive(setup.Data)
	inner, err := cluster.Open(ctx, l.access, l.World, l.places)
	if err != nil {
		return nil, err
	}
	inner.Manner = setup.Sabotage.Manner
	if !maps.Equal(setup.Data, l.Data) {
		inner.Refusal = nil // that of another chain
	}
	e := &environment{Environment: inner, lane: l, sabotage: setup.Sabotage}
	if !maps.Equal(setup.Data, l.current) {
		if err := fresh(ctx, l.Nodes); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	if err := e.Roll(ctx, setup.Data); err != nil && e.Refusal == nil {
		return nil, errors.Join(err, e.Close())
	}
	if err := errors.Join(e.refurnish(ctx, setup.Facts), e.breakWorld(ctx)); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// unsupported says why a world cannot be made of this cluster. Specs that bring a chain into the lab's default world
// are content with any.
func (l *lane) unsupported(setup conformance.Setup) string {
	if !l.Alone && !maps.Equal(setup.Data, l.current) {
		return "other specs use the cluster's chain at the same time"
	}
	other, own := setup.Facts, conformance.DefaultSetup().Facts
	other.Node.TuningAllowlist, own.Node.TuningAllowlist = nil, nil
	if !reflect.DeepEqual(other, own) && !reflect.DeepEqual(setup.Facts, l.World.Facts) {
		return "the facts of this cluster are what they are: the world that the spec brings along is another"
	}
	if setup.Prefix != 0 && setup.Prefix != l.World.Layout.Prefix.Bits() {
		return "the vSwitch of this cluster is what it is"
	}
	able := setup.Sabotage
	able.Manner, able.Blocked, able.StaleRule, able.Mute, able.NoPods, able.LeftoverConf, able.StaleNode, able.EarlyReady = "", false, false, false, false, false, false, false
	if able != (conformance.Sabotage{}) {
		return "a cluster cannot be broken in that way"
	}
	return ""
}

// refurnish gives the first node the allow-list of a spec's own world, as long as that is there.
func (e *environment) refurnish(ctx context.Context, f terway.PoolFacts) error {
	node, was := e.lane.World.Node, e.lane.World.Facts.Node.TuningAllowlist
	if reflect.DeepEqual(f.Node.TuningAllowlist, was) {
		return nil
	}
	e.mended = append(e.mended, func() error { return allow(context.WithoutCancel(ctx), node, was) })
	return allow(ctx, node, f.Node.TuningAllowlist)
}

// environment is a chain that runs on the cluster.
type environment struct {
	*cluster.Environment
	lane     *lane
	sabotage conformance.Sabotage
	mended   []func() error
}

// Start implements conformance.Environment.
func (e *environment) Start(ctx context.Context, spec conformance.PodSpec) (conformance.Pod, error) {
	node := e.World.Node
	if spec.OnOther {
		node = e.World.Other
	}
	return e.StartOn(ctx, node, spec)
}

// has are features of this environment that other clusters lack.
var has = []conformance.Feature{conformance.Rules, conformance.Shell, conformance.Rollout, conformance.PublicAddress, conformance.Sandboxes, conformance.Nodes, conformance.MachineChanges, conformance.Breakage, conformance.NodeLists, conformance.Outside, conformance.NetAdmin}

// Missing implements conformance.Environment.
func (e *environment) Missing(f conformance.Feature) string {
	for _, own := range has {
		if f == own {
			return ""
		}
	}
	return e.Environment.Missing(f)
}

// At implements conformance.Environment.
func (e *environment) At(where conformance.Where) conformance.Place {
	return e.sabotage.Hinder(e.Environment.At(where))
}

// Close implements conformance.Environment.
func (e *environment) Close() error {
	return errors.Join(e.Environment.Close(), e.mend())
}

// mend undoes what was broken on purpose.
func (e *environment) mend() error {
	var failed []error
	for _, mend := range e.mended {
		failed = append(failed, mend())
	}
	return errors.Join(failed...)
}

// mendScript undoes what the scripts below may have done to a node.
const mendScript = "nft delete table netdev blocked 2> /dev/null || true\n" +
	"iptables-save -t nat | grep -e '--dports* 20000:29899 .*-j DNAT' | sed s/^-A/-D/ | while read -r rule; do iptables -t nat $rule; done\n" +
	"[ ! -e " + lost + " ] || mv " + lost + " /opt/cni/bin/portmap\n" + "rm -f " + manifests + "/static-*\n" + removeScript

// Scripts that break a node, and those that mend it.
const (
	blockScript   = "nft -f - << END\ntable netdev blocked {\n  chain c {\n    type filter hook ingress device \"eth0\" priority 0;\n    ip saddr %s ip protocol { tcp, udp, sctp } drop\n  }\n}\nEND\n"
	unblockScript = "nft delete table netdev blocked\n"
	staleScript   = "for p in tcp udp; do for c in PREROUTING OUTPUT; do iptables -t nat %s $c %s -p $p --dport 20000:29899 -m addrtype --dst-type LOCAL -j DNAT --to-destination %s; done; done\n"
	leaveScript   = "cat > /etc/cni/net.d/" + terway.ConfKey + "\n"
	removeScript  = "rm -f /etc/cni/net.d/" + terway.ConfKey + "\n"
)

// breakWorld does to the first node what a mutant wants.
func (e *environment) breakWorld(ctx context.Context) error {
	l, node := e.lane, e.lane.Nodes[1]
	run := func(breaking, mending string) error {
		e.mended = append(e.mended, func() error { return script(context.WithoutCancel(ctx), node, mending) })
		return script(ctx, node, breaking)
	}
	if e.sabotage.Blocked {
		if err := run(fmt.Sprintf(blockScript, external), unblockScript); err != nil {
			return err
		}
	}
	if e.sabotage.StaleRule {
		nobody := l.World.Layout.Prefix.Addr().Next() // no node has the first part of the range to give
		if err := run(fmt.Sprintf(staleScript, "-I", "1", nobody), fmt.Sprintf(staleScript, "-D", "", nobody)); err != nil {
			return err
		}
	}
	if e.sabotage.LeftoverConf {
		conf := strings.TrimSpace(l.current[terway.ConfKey])
		e.mended = append(e.mended, func() error { return script(context.WithoutCancel(ctx), node, removeScript) })
		if _, err := dockerWith(ctx, conf, "exec", "-i", node, "sh", "-c", leaveScript); err != nil {
			return err
		}
	}
	return nil
}
