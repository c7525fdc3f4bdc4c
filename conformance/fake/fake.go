// SPDX-License-Identifier: Apache-2.0

// Package fake is an environment without any network, for tests of the suite itself: a perfect cluster of two
// nodes whose answers are computed, and knobs that make it wrong.
package fake

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Knobs change what a perfect world does; nil changes nothing. Only one is called at a time. They are an Opener.
type Knobs struct {
	// Missing says why a feature is not there that fake worlds have.
	Missing func(conformance.Feature) string
	// Start refuses a pod. Stop fails when one is stopped; it is gone even so.
	Start func(conformance.PodSpec) error
	Stop  func(*Pod) error
	// Answer is what becomes of a question in place of what would.
	Answer func(Question, probe.Result) probe.Result
	// Transport fails when questions are sent.
	Transport func(Question) error
	// Look changes what is read in a pod, or, where that is nil, on a machine.
	Look func(*Pod, *probe.Inspection)
}

// Question is a request on its way.
type Question struct {
	probe.Request
	// From is the client's own address, the target's where that is 127.0.0.1.
	From netip.Addr
	// Pod that is to answer, nil while there is none; Control: a listener outside of pods is to.
	Pod     *Pod
	Control bool
}

// World is a cluster that is only thought of. What the interfaces ask for and is not here, panics.
type World struct {
	conformance.Environment
	Knobs
	setup  conformance.Setup
	lock   sync.Mutex
	count  int
	pods   []*Pod
	places map[conformance.Where]*place
	closed bool
}

// Open implements conformance.Opener.
func (k Knobs) Open(_ context.Context, setup conformance.Setup) (conformance.Environment, error) {
	return New(setup, k), nil
}

// New makes a world.
func New(setup conformance.Setup, knobs Knobs) *World {
	w := &World{Knobs: knobs, setup: setup}
	l := w.Layout()
	w.places = map[conformance.Where]*place{
		conformance.OnNode:     w.place(l.Node.Address, l.Node.Address6, l.Node.Secondary),
		conformance.OnOther:    w.place(l.Other.Address, l.Other.Address6, l.Other.Secondary),
		conformance.AtExternal: w.place(l.External, l.External6),
		conformance.AtPublic:   w.place(l.Public),
	}
	return w
}

func (w *World) place(addresses ...netip.Addr) *place {
	return &place{world: w, addresses: addresses, servers: map[*server]bool{}}
}

// Running is how many pods were started and not stopped; Closed tells whether the world was closed.
func (w *World) Running() int { w.lock.Lock(); defer w.lock.Unlock(); return len(w.pods) }
func (w *World) Closed() bool { w.lock.Lock(); defer w.lock.Unlock(); return w.closed }

// Layout implements conformance.Environment.
func (w *World) Layout() conformance.Layout {
	return conformance.Layout{
		Node:     conformance.NodeLayout{Address: ip("10.0.0.10"), Address6: ip("fd00:10::10"), Secondary: ip("10.0.2.10")},
		Other:    conformance.NodeLayout{Address: ip("10.0.0.11"), Address6: ip("fd00:10::11"), Secondary: ip("10.0.2.11")},
		External: ip("192.168.5.20"), External6: ip("fd00:5::20"), Public: ip("203.0.113.20"), PublicNode: ip("198.51.100.10"),
		Prefix: netip.MustParsePrefix("10.0.1.0/24"), Prefix6: netip.MustParsePrefix("fd00:11::/64"),
		Dual: w.setup.Facts.IPStack == terway.IPStackDual,
	}
}

var ip = netip.MustParseAddr

// Missing implements conformance.Environment: a world that is thought of has no firewall, no runtime and no shell.
func (w *World) Missing(f conformance.Feature) string {
	switch f {
	case conformance.HostPorts, conformance.PublicAddress, conformance.SCTPPackets, conformance.IPv6, conformance.Outside:
	case conformance.DualStack:
		if !w.Layout().Dual {
			return "the pods of this cluster have IPv4 addresses only"
		}
	default:
		return "a fake world has no " + string(f)
	}
	if w.Knobs.Missing != nil {
		return w.Knobs.Missing(f)
	}
	return ""
}

// About implements conformance.Environment.
func (w *World) About() conformance.About {
	about := conformance.About{StandIn: "nothing: it is all thought of", Backend: cni.Iptables}
	if node, _, err := w.setup.Facts.EffectiveNode(); err == nil {
		if merged, err := terway.Effective(w.setup.Data, node); err == nil {
			about.Conflist, about.Datapath = merged.Conflist, merged.Datapath
		}
	}
	return about
}

// Start implements conformance.Environment.
func (w *World) Start(_ context.Context, spec conformance.PodSpec) (conformance.Pod, error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.Knobs.Start != nil {
		if err := w.Knobs.Start(spec); err != nil {
			return nil, err
		}
	}
	w.count++
	p := &Pod{place: w.place(ip(fmt.Sprint("10.0.1.", w.count))), Spec: spec, uid: fmt.Sprint("pod-", w.count)}
	p.pod = p
	if w.Layout().Dual {
		p.addresses = append(p.addresses, ip(fmt.Sprintf("fd00:11::%d", w.count)))
	}
	w.pods = append(w.pods, p)
	return p, nil
}

// At implements conformance.Environment.
func (w *World) At(where conformance.Where) conformance.Place { return w.places[where] }

// Close implements conformance.Environment.
func (w *World) Close() error { w.lock.Lock(); defer w.lock.Unlock(); w.closed = true; return nil }
