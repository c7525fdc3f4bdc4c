// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/child"
	"github.com/chainlint/chainlint/pkg/terway"
)

// childVariable tells a process that it is one of [Run]'s.
const childVariable = "CHAINLINT_CLUSTER"

// job is what a child reads.
type job struct {
	Plan                             conformance.Plan
	Kubeconfig, Namespace, Image, ID string
	// Host that the kubeconfig leads to.
	Host     string
	Lifetime time.Duration
	World    World
	// Alone: no other process uses the cluster.
	Alone bool
}

// Child does a child's work if this process is one; handled is false where it is none. A program that calls [Run]
// calls it first.
func Child(ctx context.Context) (handled bool) {
	if os.Getenv(childVariable) == "" {
		return false
	}
	child.Work(ctx, func(ctx context.Context, j job, emit func(conformance.Event)) error {
		access, err := Connect(ctx, j.Kubeconfig)
		if err != nil {
			return err
		}
		if access.Rest.Host != j.Host {
			return fmt.Errorf("the kubeconfig led to %s when the run began, and now to %s", j.Host, access.Rest.Host)
		}
		access.Namespace, access.Image, access.ID, access.Lifetime = j.Namespace, j.Image, j.ID, j.Lifetime
		conformance.Suite(ctx, newOpener(ctx, access, j), j.Plan, emit)
		return nil
	})
	return true
}

// lanes are how many processes use a cluster at a time: few, because it has other work.
const lanes = 2

// Run runs the specs of a plan on a cluster: those about pods from before an upgrade first, in their order, and those that
// replace its chain last. emit is never called twice at a time.
func Run(ctx context.Context, a *Access, kubeconfig string, plan conformance.Plan, w World, emit func(conformance.Event)) error {
	start := func(alone bool) func(conformance.Plan, func(conformance.Event)) error {
		return func(part conformance.Plan, emit func(conformance.Event)) error {
			return child.Start(ctx, childVariable, job{part, kubeconfig, a.Namespace, a.Image, a.ID, a.Rest.Host, a.Lifetime, w, alone}, emit)
		}
	}
	first, rest, last := plan, plan, plan
	first.Specs, rest.Specs, last.Specs = nil, nil, nil
	for _, id := range plan.Specs {
		switch spec := conformance.Find(id); {
		case w.Kept != nil && slices.Contains(spec.Needs, conformance.Before):
			first.Specs = append(first.Specs, id)
		case spec.Own:
			last.Specs = append(last.Specs, id)
		default:
			rest.Specs = append(rest.Specs, id)
		}
	}
	return errors.Join(child.Lanes(first, 1, emit, start(false)), child.Lanes(rest, lanes, emit, start(false)), child.Lanes(last, 1, emit, start(true)))
}

// opener opens the chain that is there, and where the run may replace it, also others.
type opener struct {
	access *Access
	world  World
	data   map[string]string
	places Places
	// chain that may be replaced, nil where it may not.
	chain *Replacement
}

func newOpener(ctx context.Context, access *Access, j job) opener {
	o := opener{access: access, world: j.World, data: j.Plan.Setup.Data, places: Places{}}
	if j.World.Outside {
		o.places[conformance.AtExternal] = Here(ctx)
	}
	if j.World.Live != nil && j.Alone {
		o.chain = access.NewReplacement([]terway.Facts{j.World.LiveFacts}, j.World.Node, j.World.Other)
	}
	return o
}

// Open implements conformance.Opener.
func (o opener) Open(ctx context.Context, setup conformance.Setup) (conformance.Environment, error) {
	if maps.Equal(setup.Data, o.data) {
		return Open(ctx, o.access, o.world, o.places)
	}
	if why := o.unsupported(setup); why != "" {
		return nil, &conformance.Unsupported{Why: why}
	}
	w := o.world
	w.Refusal = nil // that of another chain
	inner, err := Open(ctx, o.access, w, o.places)
	if err != nil {
		return nil, err
	}
	f := &fleet{inner, o.chain, o.world.Live}
	err = f.Roll(ctx, setup.Data)
	if refused := (*Refused)(nil); errors.As(err, &refused) {
		err = &conformance.Unsupported{Why: refused.Error()}
	}
	if err != nil && f.Refusal == nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// unsupported says why a world cannot be made of this cluster.
func (o opener) unsupported(setup conformance.Setup) string {
	switch def := conformance.DefaultSetup(); {
	case o.chain == nil && o.world.Live == nil:
		return "the chain of this cluster is not touched: --allow-disruptive lets a run replace it for a while"
	case o.chain == nil:
		return "other specs use the cluster's chain at the same time"
	case !reflect.DeepEqual(setup.Facts, def.Facts) || setup.Prefix != def.Prefix || setup.Sabotage != def.Sabotage:
		return "this cluster is what it is: the world that the spec brings along is another"
	}
	return ""
}

// Layout is where everybody is, as far as the cluster says it. outside: the machine that runs the suite is the client
// outside, else it is the second node.
func (l *Live) Layout(node, other string, dual, outside bool) conformance.Layout {
	layout := conformance.Layout{Dual: dual}
	for _, n := range l.Nodes {
		switch n.Name {
		case node:
			layout.Node = addresses(n)
			for _, a := range n.Status.Addresses {
				if ip, err := netip.ParseAddr(a.Address); err == nil && a.Type == corev1.NodeExternalIP && ip.Is4() {
					layout.PublicNode = ip
				}
			}
		case other:
			layout.Other = addresses(n)
		}
	}
	layout.External, layout.External6 = layout.Other.Address, layout.Other.Address6
	if outside {
		layout.External, layout.External6 = source(layout.Node.Address), source(layout.Node.Address6)
	}
	return layout
}

func addresses(n corev1.Node) (all conformance.NodeLayout) {
	for _, a := range n.Status.Addresses {
		ip, err := netip.ParseAddr(a.Address)
		switch {
		case err != nil || a.Type != corev1.NodeInternalIP:
		case ip.Is4() && !all.Address.IsValid():
			all.Address = ip
		case ip.Is6() && !all.Address6.IsValid():
			all.Address6 = ip
		}
	}
	return all
}

// source is this machine's address on the way to another one; nothing is sent.
func source(to netip.Addr) netip.Addr {
	if !to.IsValid() {
		return netip.Addr{}
	}
	conn, err := net.Dial("udp", netip.AddrPortFrom(to, 9).String())
	if err != nil {
		return netip.Addr{}
	}
	defer conn.Close() //nolint:errcheck // it was opened to be asked
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}
