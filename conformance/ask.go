// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
)

// Vantage is who asks a host port, and at which address.
type Vantage string

// The vantages.
const (
	External    Vantage = "external"      // a client outside of the cluster, at the node's address
	OtherNode   Vantage = "other-node"    // another node, at the node's address
	OtherPod    Vantage = "other-pod"     // a pod on another node, at the node's address
	SameNodePod Vantage = "same-node-pod" // another pod on the node, at the node's address
	OwnNode     Vantage = "node"          // the node, at its address
	Localhost   Vantage = "localhost"     // the node, at 127.0.0.1
	Localhost2  Vantage = "localhost2"    // the node, at 127.0.0.2
	Hairpin     Vantage = "hairpin"       // the pod itself, at its node's address
	Direct      Vantage = "direct"        // an external client, at the pod's address and the container's port
	FromPublic  Vantage = "public"        // a client on the internet, at the node's public address
	Elsewhere   Vantage = "elsewhere"     // an external client, at the other node's address
	AtSecondary Vantage = "secondary"     // an external client, at another address of the node
)

// Ask is a question to a port of a pod.
type Ask struct {
	From     Vantage
	Protocol string
	// Family is 4 or 6; 0 is 4.
	Family int
	// Shape is what else the request says.
	Shape probe.Request
}

// Asks are questions from several vantages by one protocol.
func Asks(protocol string, from ...Vantage) []Ask {
	all := make([]Ask, len(from))
	for i, v := range from {
		all[i] = Ask{From: v, Protocol: protocol, Family: 4}
	}
	return all
}

func (a Ask) String() string {
	return fmt.Sprintf("%s over IPv%d from %s", strings.ToUpper(a.Protocol), max(a.Family, 4), a.From)
}

// Classes of the client's address as the pod saw it.
const (
	Preserved = "preserved"
	FromNode  = "node"
	OtherHost = "other"
)

// Times of probes. Answers come in well under a millisecond; the limit is for machines that are busy, and is only
// waited for where nothing comes at all.
const (
	answerLimit  = 2 * time.Second
	inARow       = 3
	releaseLimit = 3 * time.Second
	pollInterval = 50 * time.Millisecond
)

// Port is a fresh host port of a protocol, and a container port of another number.
func (t *T) Port(protocol string) Port {
	host := t.nextPort()
	return Port{Protocol: protocol, Host: host, Container: host - 12000}
}

// client is a long-lived pod to ask from.
func (t *T) client(v Vantage) Pod {
	if pod, ok := t.clients[v]; ok {
		return pod
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t), startLimit)
	defer cancel()
	pod, err := t.Env.Start(ctx, PodSpec{OnOther: v == OtherPod})
	if err != nil {
		t.notStarted(err)
	}
	if t.clients == nil {
		t.clients = map[Vantage]Pod{}
	}
	t.clients[v] = pod
	return pod
}

// place from where a question is asked. pod is the one that is asked, nil where there is none.
func (t *T) place(a Ask, pod Pod) Place {
	switch a.From {
	case OtherNode:
		return t.Env.At(OnOther)
	case OtherPod, SameNodePod:
		return t.client(a.From)
	case OwnNode, Localhost, Localhost2:
		return t.Env.At(OnNode)
	case Hairpin:
		if pod == nil {
			return t.Env.At(OnNode)
		}
		return pod
	case FromPublic:
		return t.Env.At(AtPublic)
	}
	return t.Env.At(AtExternal)
}

// target of a question. Direct ones have none before there is a pod.
func (t *T) target(a Ask, port Port, pod Pod) netip.AddrPort {
	l := t.Env.Layout()
	address, number := l.Node.Address, port.Host
	if a.Family == 6 {
		address = l.Node.Address6
	}
	switch a.From {
	case Localhost:
		address = netip.MustParseAddr("127.0.0.1")
		if a.Family == 6 {
			address = netip.IPv6Loopback()
		}
	case Localhost2:
		address = netip.MustParseAddr("127.0.0.2")
	case FromPublic:
		address = l.PublicNode
	case AtSecondary:
		address = l.Node.Secondary
	case Elsewhere:
		address = l.Other.Address
	case Direct:
		address, number = podAddress(pod, a.Family), port.Container
	}
	return netip.AddrPortFrom(address, number)
}

func podAddress(pod Pod, family int) netip.Addr {
	if pod == nil {
		return netip.Addr{}
	}
	for _, ip := range pod.IPs() {
		if ip.Is6() == (family == 6) {
			return ip
		}
	}
	return netip.Addr{}
}

// round asks every question once, all at the same time.
func (t *T) round(port Port, pod Pod, asks []Ask) []probe.Result {
	byPlace := map[Place][]int{}
	var order []Place
	for i, a := range asks {
		p := t.place(a, pod)
		if byPlace[p] == nil {
			order = append(order, p)
		}
		byPlace[p] = append(byPlace[p], i)
	}
	results := make([]probe.Result, len(asks))
	failed := make(chan error, len(order))
	for _, p := range order {
		var requests []probe.Request
		for _, i := range byPlace[p] {
			r := asks[i].Shape
			r.Protocol, r.To = asks[i].Protocol, t.target(asks[i], port, pod)
			if r.Limit == 0 {
				r.Limit = answerLimit
			}
			requests = append(requests, r)
		}
		go func() {
			got, err := p.Probe(t, requests...)
			for k, r := range got {
				results[byPlace[p][k]] = r
			}
			failed <- err
		}()
	}
	for range order {
		if err := <-failed; err != nil {
			t.Inconclusive("transport", "a probe could not be sent: %v", err)
		}
	}
	return results
}

// AskOnce asks every question once and records what was seen, without judging. Questions that got no result at
// all are no evidence.
func (t *T) AskOnce(port Port, pod Pod, asks ...Ask) []probe.Result {
	results := t.round(port, pod, asks)
	for i, r := range results {
		if r.Outcome != "" {
			t.Observe(t.observation(asks[i], r, Want{}, pod))
		}
	}
	return results
}

// Want is what a probe has to see. An empty outcome or class is recorded only.
type Want struct {
	Outcome probe.Outcome
	Class   string
	// Why is the cause, where something else than an answer is wanted.
	Why string
}

func (t *T) observation(a Ask, r probe.Result, want Want, pod Pod) report.Observation {
	o := report.Observation{
		Phase: t.phase, Vantage: string(a.From), Protocol: a.Protocol, Family: max(a.Family, 4), Target: r.To.String(),
		Got: string(t.outcome(r, pod)), Expected: string(want.Outcome), WantClass: want.Class,
	}
	if r.Reply != nil {
		o.Source, o.Class = r.Reply.Peer.String(), t.class(r)
	}
	return o
}

// outcome of a probe, once it is known who had to answer.
func (t *T) outcome(r probe.Result, pod Pod) probe.Outcome {
	if r.Outcome == probe.Answered && pod != nil && r.Reply.Identity != pod.UID() {
		return probe.WrongAnswer
	}
	return r.Outcome
}

// class of the address that the server saw.
func (t *T) class(r probe.Result) string {
	seen := r.Reply.Peer.Addr()
	switch {
	case seen == r.Local.Addr():
		return Preserved
	case slices.Contains(t.nodeAddresses(), seen):
		return FromNode
	}
	return OtherHost
}

// Closed requires that nobody answers yet, and that the path is open: refused, not silence.
func (t *T) Closed(port Port, asks ...Ask) {
	t.phase = "closed"
	asks = atHostPort(asks)
	t.judge(port, nil, asks, func(Ask) Want { return Want{Outcome: probe.Refused} }, 1)
}

// Answers requires that the pod answers all questions as the intent, or the prediction, wants it: three times
// in a row, by new connections.
func (t *T) Answers(pod Pod, port Port, asks ...Ask) {
	t.phase = "open"
	t.judge(port, pod, asks, func(a Ask) Want { return t.want(a, port, pod) }, inARow)
}

// Sees is Answers with another wish.
func (t *T) Sees(pod Pod, port Port, want func(Ask) Want, asks ...Ask) {
	t.phase = "open"
	t.judge(port, pod, asks, want, inARow)
}

// Released requires that the port is refused again, soon after the pod is gone. A single silence is no leak: the
// kernel still knows the datagrams' flows, and a client may happen to take the source port of one.
func (t *T) Released(port Port, asks ...Ask) {
	t.phase = "released"
	asks = atHostPort(asks)
	for deadline := time.Now().Add(releaseLimit); ; time.Sleep(pollInterval) {
		results := t.round(port, nil, brief(asks))
		open := slices.ContainsFunc(results, func(r probe.Result) bool { return r.Outcome != probe.Refused })
		if !open || time.Now().After(deadline) {
			t.hold(port, nil, asks, results, refused, true)
			return
		}
	}
}

// atHostPort leaves out questions that make no sense without a pod.
func atHostPort(asks []Ask) []Ask {
	return slices.DeleteFunc(slices.Clone(asks), func(a Ask) bool { return a.From == Direct })
}

// Cycle is closed, open, closed for one host port, and returns the pod, which is stopped.
func (t *T) Cycle(port Port, asks ...Ask) {
	t.CycleFor(PodSpec{Ports: []Port{port}}, port, asks...)
}

// CycleFor is Cycle for a pod with more wishes.
func (t *T) CycleFor(spec PodSpec, port Port, asks ...Ask) {
	t.Closed(port, asks...)
	pod := t.Start(spec)
	t.Answers(pod, port, asks...)
	t.Stop(pod)
	t.Released(port, asks...)
}

// judge asks all questions, times times, and ends the spec at the first result that is not as wanted.
func (t *T) judge(port Port, pod Pod, asks []Ask, want func(Ask) Want, times int) {
	for i := range times {
		t.hold(port, pod, asks, t.round(port, pod, asks), want, i == 0)
	}
}

// hold holds results against what is wanted. All are counted; those that are as wanted are told if asked for.
func (t *T) hold(port Port, pod Pod, asks []Ask, results []probe.Result, want func(Ask) Want, tell bool) {
	for k, r := range results {
		if r.Outcome == "" {
			continue // no result is no evidence
		}
		w := want(asks[k])
		o := t.observation(asks[k], r, w, pod)
		bad := o.Expected != "" && (o.Got != o.Expected || w.Class != "" && o.Class != w.Class)
		if !bad && !tell {
			t.record.evidence++
			continue
		}
		t.Observe(o)
		if bad {
			t.wrong(asks[k], port, r, o, w)
		}
	}
}
