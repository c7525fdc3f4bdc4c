// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/agent"
	"github.com/chainlint/chainlint/conformance/probe"
)

// GateLifetime is how long the pods of a gate may live: an upgrade takes its time.
const GateLifetime = 24 * time.Hour

// Kept are pods that live through an upgrade, by their names.
type Kept struct {
	Server  string           `json:"server"`
	Sampler string           `json:"sampler"`
	TCP     conformance.Port `json:"tcp"`
	UDP     conformance.Port `json:"udp"`
}

// Host ports of pods that are kept, which no spec uses.
const (
	keptTCP = 29998
	keptUDP = 29999
)

// hostPortWords stand in the names of samples of host ports.
const hostPortWords = "host port"

// sampling is how often a pod is asked.
const sampling = time.Second

// Keep starts a pod with host ports on a node, and a client on another that asks it all the time.
func (a *Access) Keep(ctx context.Context, w World) (*Kept, error) {
	k := &Kept{
		TCP: conformance.Port{Protocol: probe.TCP, Host: keptTCP, Container: keptTCP - 12000},
		UDP: conformance.Port{Protocol: probe.UDP, Host: keptUDP, Container: keptUDP - 12000},
	}
	spec := conformance.PodSpec{Ports: []conformance.Port{k.TCP, k.UDP}}
	pod := a.template("kept", w.Node, serving(spec, probe.Honest))
	a.ask(pod, spec)
	server, err := a.run(ctx, pod)
	if err != nil {
		return nil, fmt.Errorf("start a pod that is kept: %w", err)
	}
	defer server.Close() //nolint:errcheck // the pod stays
	node := w.Other
	if node == "" {
		node = w.Node
	}
	asking := a.template("sampler", node, agent.Config{Samples: samples(server, k, w.Layout.Node.Address)})
	asking.Spec.RestartPolicy = corev1.RestartPolicyNever // one that is started again has forgotten what it saw
	client, err := a.run(ctx, asking)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the client that asks it: %w", err), server.Stop(context.WithoutCancel(ctx)))
	}
	defer client.Close() //nolint:errcheck // the pod stays
	k.Server, k.Sampler = server.name, client.name
	return k, nil
}

// samples of a pod: at its host ports by both protocols, by new connections and by one that stays, and at its address.
func samples(server *Pod, k *Kept, node netip.Addr) []agent.Sample {
	at := func(ip netip.Addr, port uint16, protocol string) probe.Request {
		return probe.Request{Protocol: protocol, To: netip.AddrPortFrom(ip, port), Limit: sampling}
	}
	tcp, udp := at(node, k.TCP.Host, probe.TCP), at(node, k.UDP.Host, probe.UDP)
	direct := at(server.ips[0], k.TCP.Container, probe.TCP)
	all := []agent.Sample{
		{Name: "the TCP " + hostPortWords + ", by new connections", Request: tcp},
		{Name: "the TCP " + hostPortWords + ", by one connection", Request: tcp, Stay: true},
		{Name: "the UDP " + hostPortWords, Request: udp},
		{Name: "the pod's own address, by new connections", Request: direct},
		{Name: "the pod's own address, by one connection", Request: direct, Stay: true},
	}
	for i := range all {
		all[i].Every, all[i].Identity = sampling, server.uid
	}
	return all
}

// attach takes a pod that is there.
func (a *Access) attach(ctx context.Context, name string) (*Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	now, err := a.Client.CoreV1().Pods(a.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("a pod from before the upgrade is gone: %w", err)
	}
	p := &Pod{access: a, name: name, uid: string(now.UID)}
	if err := p.setIPs(now); err != nil {
		return nil, err
	}
	p.Remote, err = a.connect(ctx, name)
	return p, err
}

// Kept implements conformance.Keeper.
func (e *Environment) Kept(ctx context.Context) ([]conformance.KeptPod, error) {
	p, err := e.Access.attach(ctx, e.World.Kept.Server)
	if err != nil {
		return nil, err
	}
	return []conformance.KeptPod{{Pod: p, TCP: e.World.Kept.TCP, UDP: e.World.Kept.UDP}}, nil
}

// Sampled implements conformance.Keeper.
func (e *Environment) Sampled(ctx context.Context) ([]conformance.Sampled, error) {
	p, err := e.Access.attach(ctx, e.World.Kept.Sampler)
	if err != nil {
		return nil, err
	}
	defer p.Close() //nolint:errcheck // the pod stays
	found, err := p.Sampled(ctx)
	if err != nil {
		return nil, err
	}
	var all []conformance.Sampled
	for _, f := range found {
		s := conformance.Sampled{Name: f.Name, HostPort: strings.Contains(f.Name, hostPortWords), Asked: f.Asked, Lost: f.Asked - f.Answered, Broken: f.Broken}
		for _, g := range f.Gaps {
			s.Longest = max(s.Longest, g.To.Sub(g.From))
			s.Gaps = append(s.Gaps, g.String())
		}
		all = append(all, s)
	}
	return all, nil
}
