// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/agent"
	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/terway"
)

// World is what is known of a cluster before specs run in it.
type World struct {
	// Node and Other are the names of the nodes; Other is "" where there is no second one.
	Node, Other string
	Layout      conformance.Layout
	Facts       terway.PoolFacts
	About       conformance.About
	// Outside: the machine that runs the suite is a client outside of the cluster.
	Outside bool
	// API is where pods find the API server. Proxied: services have a proxy. Name is one that pods can look up, "" where
	// there is no DNS.
	API     string
	Proxied bool
	Name    string
	// Partial: the ConfigMap leaves keys to the live object; see [conformance.Setup].
	Partial bool
	// Lists of nodes, nil where they were not read.
	Lists map[string]string
	// Live are the data of the ConfigMap before the run where it may replace the chain, nil where it may not; LiveFacts are
	// those of the cluster then.
	Live      map[string]string
	LiveFacts terway.Facts
	// Bypassed: what pods send passes the host's netfilter by, and with it the proxy of services.
	Bypassed bool
	// Refusal is why no pod can start with the chain, nil where they can.
	Refusal *Refusal
	// Kept are pods from before an upgrade, nil where there is no gate.
	Kept *Kept
}

// Refusal is a [conformance.StartError] that another process is told of.
type Refusal struct{ Stage, Why string }

// RefusalOf an error, nil where it is none.
func RefusalOf(err error) *Refusal {
	var start *conformance.StartError
	if !errors.As(err, &start) {
		return nil
	}
	return &Refusal{start.Stage, start.Err.Error()}
}

// Environment is a part of a cluster in which specs run: pods of one namespace on two nodes, and agents on the nodes'
// own network.
type Environment struct {
	Access *Access
	World  World
	// Manner of all servers in pods.
	Manner probe.Manner
	// Refusal is why no pod can start.
	Refusal *conformance.StartError

	places   map[conformance.Where]conformance.Place
	agents   []*Pod
	occupied []uint16
}

// Places are where packets come from that the cluster itself does not have; nodes that are left out get agents.
type Places map[conformance.Where]conformance.Place

// agentLimit bounds the start of the agents on the nodes.
const agentLimit = 60 * time.Second

// Open starts what stays for all specs.
func Open(ctx context.Context, a *Access, w World, places Places) (*Environment, error) {
	e := &Environment{Access: a, World: w, places: map[conformance.Where]conformance.Place{}}
	if w.Refusal != nil {
		e.Refusal = &conformance.StartError{Stage: w.Refusal.Stage, Err: errors.New(w.Refusal.Why)}
	}
	for where, p := range places {
		e.places[where] = p
	}
	ctx, cancel := context.WithTimeout(ctx, agentLimit)
	defer cancel()
	for where, node := range map[conformance.Where]string{conformance.OnNode: w.Node, conformance.OnOther: w.Other} {
		if e.places[where] != nil || node == "" {
			continue
		}
		p, err := a.onHost(ctx, node)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start an agent on the node %s: %w", node, err), e.Close())
		}
		e.agents = append(e.agents, p)
		e.places[where] = p
	}
	if e.places[conformance.AtExternal] == nil {
		e.places[conformance.AtExternal] = e.places[conformance.OnOther]
	}
	e.findOccupied(ctx)
	return e, nil
}

// onHost is an agent on a node's own network.
func (a *Access) onHost(ctx context.Context, node string) (*Pod, error) {
	pod := a.template("node", node, agent.Config{})
	pod.Spec.HostNetwork = true
	return a.run(ctx, pod)
}

// Lists implements conformance.Lister.
func (e *Environment) Lists(context.Context) (map[string]string, error) { return e.World.Lists, nil }

// Effective implements conformance.Lister.
func (e *Environment) Effective(data map[string]string) (string, error) {
	merged, err := conformance.Setup{Data: data, Partial: e.World.Partial, Facts: e.World.Facts}.Merge()
	if err != nil {
		return "", err
	}
	return merged.Conflist, nil
}

// Layout implements conformance.Environment.
func (e *Environment) Layout() conformance.Layout { return e.World.Layout }

// About implements conformance.Environment.
func (e *Environment) About() conformance.About { return e.World.About }

// absent are features that no pod without privileges, and no cluster that is only read, can have.
var absent = map[conformance.Feature]string{
	conformance.CNICalls:       "the kubelet makes the CNI calls here",
	conformance.NetAdmin:       "pods of the suite have no privileges here",
	conformance.Packets:        "packets cannot be seen without privileges",
	conformance.Traces:         "the way of packets cannot be followed without privileges",
	conformance.Rules:          "the firewall of nodes cannot be read without privileges",
	conformance.Shell:          "commands cannot be run on nodes here",
	conformance.Redirect:       "the datapath of this cluster is what it is",
	conformance.Releases:       "the plugins are the nodes' own, of one release",
	conformance.Breakage:       "this chain would break pods of others",
	conformance.Sandboxes:      "sandboxes cannot be taken away without privileges",
	conformance.MachineChanges: "the nodes of this cluster are not touched",
	conformance.SCTPPackets:    "SCTP packets cannot be made without privileges",
}

// Missing implements conformance.Environment.
func (e *Environment) Missing(f conformance.Feature) string {
	switch f {
	case conformance.DualStack:
		if !e.World.Layout.Dual {
			return "the pods of this cluster have IPv4 addresses only"
		}
	case conformance.IPv6:
		return e.withoutIPv6()
	case conformance.Before:
		if e.World.Kept == nil {
			return conformance.NoGate
		}
	case conformance.Rollout, conformance.Nodes:
		return e.withoutRollout(f)
	case conformance.NodeLists:
		if e.World.Lists == nil {
			return "the lists on nodes were not read: --inspect-nodes does, by a pod that mounts their directory read-only"
		}
	case conformance.PublicAddress:
		if !e.World.Layout.PublicNode.IsValid() {
			return "no public address of a node is known, and no client on the internet"
		}
	case conformance.Outside:
		if !e.World.Outside {
			return "no client outside of the cluster is known, and another node asked in its place: --external here makes one of the machine that runs the suite, which must reach nodes and pods by their addresses"
		}
	case conformance.HostPorts:
		if e.World.Facts.ContainerRuntime == terway.RuntimeCRIO {
			return "CRI-O serves host ports itself and tells CNI of none"
		}
	default:
		return absent[f]
	}
	return ""
}

// withoutRollout says why the chain cannot be replaced, on one node or on several.
func (e *Environment) withoutRollout(f conformance.Feature) string {
	switch {
	case e.World.Live == nil:
		return "the chain of this cluster is not touched: --allow-disruptive lets a run replace it for a while"
	case f == conformance.Nodes && e.World.Other == "":
		return "there is no second node on which the chain could be replaced"
	}
	return ""
}

// withoutIPv6 says why pods have no IPv6 address, whatever their chain does: the node itself has none.
func (e *Environment) withoutIPv6() string {
	seen, err := e.places[conformance.OnNode].Look(context.Background())
	switch {
	case err != nil:
		return "nobody knows whether the node has IPv6: " + err.Error()
	case seen.NoInet6:
		return "the node's kernel runs without IPv6, so its absence proves nothing about the chain"
	case !slices.ContainsFunc(seen.Addresses, func(a probe.Address) bool { return a.Prefix.Addr().Is6() }):
		return "no interface of the node has an IPv6 address, so their absence in pods proves nothing about the chain"
	}
	return ""
}

// Start implements conformance.Environment.
func (e *Environment) Start(ctx context.Context, spec conformance.PodSpec) (conformance.Pod, error) {
	if spec.Data != nil {
		return nil, errors.New("a pod of a cluster is attached with the list of its node")
	}
	node := e.World.Node
	if spec.OnOther {
		node = e.World.Other
	}
	if node == "" {
		return nil, errors.New("this cluster has no second node")
	}
	started, err := e.StartOn(ctx, node, spec)
	if err != nil {
		return nil, err
	}
	return started, nil
}

// StartOn starts a pod on a node of that name.
func (e *Environment) StartOn(ctx context.Context, node string, spec conformance.PodSpec) (*Pod, error) {
	if e.Refusal != nil {
		return nil, e.Refusal
	}
	return e.Access.run(ctx, e.Template(node, spec))
}

// Template is the pod of an agent on a node, with the wishes of a spec.
func (e *Environment) Template(node string, spec conformance.PodSpec) *corev1.Pod {
	pod := e.Access.template("pod", node, serving(spec, e.Manner))
	e.Access.ask(pod, spec)
	return pod
}

// At implements conformance.Environment.
func (e *Environment) At(where conformance.Where) conformance.Place {
	if p := e.places[where]; p != nil {
		return p
	}
	return nowhere{where}
}

// Close implements conformance.Environment. The namespace is the run's, and goes with it.
func (e *Environment) Close() error {
	var failed []error
	for _, p := range e.agents {
		failed = append(failed, p.Stop(context.Background()))
	}
	return errors.Join(failed...)
}

// nowhere is a place that this cluster does not have.
type nowhere struct{ where conformance.Where }

func (n nowhere) err() error {
	return fmt.Errorf("there is no client at %q", strings.ReplaceAll(string(n.where), "-", " "))
}

// Probe implements conformance.Place.
func (n nowhere) Probe(context.Context, ...probe.Request) ([]probe.Result, error) {
	return nil, n.err()
}

// Look implements conformance.Place.
func (n nowhere) Look(context.Context, ...string) (probe.Inspection, error) {
	return probe.Inspection{}, n.err()
}

// Watch implements conformance.Place.
func (n nowhere) Watch(context.Context, time.Duration) ([]probe.Sighting, error) { return nil, n.err() }

// See implements conformance.Place.
func (n nowhere) See(context.Context) (probe.Application, error) { return probe.Application{}, n.err() }

// Serve implements conformance.Place.
func (n nowhere) Serve(context.Context, string, probe.Manner, ...probe.Listen) (func(), error) {
	return nil, n.err()
}
