// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/probe"
)

// ask is what becomes of a question, and notes who asks and who is to answer.
func (p *place) ask(q *Question) probe.Result {
	to, client, mapped := p.translated(q.To), p.client(q.To.Addr()), false
	who := p.listener(q.Protocol, to)
	q.Control = who != nil
	if q.Pod, mapped = p.reached(q.Protocol, to); q.Pod != nil {
		who, q.Control = &server{identity: q.Pod.uid, manner: q.Pod.Spec.Manner}, false
	}
	q.From = client
	result := probe.Result{Request: q.Request, Outcome: probe.Answered, Local: netip.AddrPortFrom(client, 40000), Took: took}
	switch {
	case who == nil:
		result.Outcome = probe.Refused
	case who.manner == probe.Silent, mapped && to.Addr() == netip.IPv6Loopback(): // nobody can masquerade ::1
		result.Outcome = probe.Timeout
	case who.manner == probe.Rogue:
		result.Outcome = probe.WrongAnswer
	case q.Reset:
		result.Outcome = probe.Reset
	default:
		result.Answerer = q.To
		result.Reply = &probe.Reply{Identity: who.identity, Peer: netip.AddrPortFrom(p.peer(client, mapped), 40000), Local: q.To}
	}
	return result
}

// translated is where a question to the public address goes: that is known to the network only.
func (p *place) translated(to netip.AddrPort) netip.AddrPort {
	if l := p.world.Layout(); to.Addr() == l.PublicNode {
		return netip.AddrPortFrom(l.Node.Address, to.Port())
	}
	return to
}

// client is the address from which a place asks.
func (p *place) client(to netip.Addr) netip.Addr {
	if i := slices.IndexFunc(p.addresses, func(own netip.Addr) bool { return own.Is6() == to.Is6() }); i >= 0 && !to.IsLoopback() {
		return p.addresses[i]
	}
	return to
}

// peer is the client as the server sees it: portmap masquerades 127.0.0.1 and the pods' own prefix.
func (p *place) peer(client netip.Addr, mapped bool) netip.Addr {
	l := p.world.Layout()
	switch {
	case !mapped || !client.IsLoopback() && !l.Prefix.Contains(client) && !l.Prefix6.Contains(client):
		return client
	case client.Is6():
		return l.Node.Address6
	}
	return l.Node.Address
}

// reached is the pod that a question comes to, mapped where that is by a host port.
func (p *place) reached(protocol string, to netip.AddrPort) (pod *Pod, mapped bool) {
	for _, pod := range p.world.pods {
		node := p.world.places[conformance.OnNode]
		if pod.Spec.OnOther {
			node = p.world.places[conformance.OnOther]
		}
		for _, port := range pod.Spec.Ports {
			switch {
			case port.Protocol != protocol || pod.Spec.Stopped:
			case p.reaches(pod.place, to.Addr()) && port.Container == to.Port():
				return pod, false
			case p.reaches(node, to.Addr()) && port.Host == to.Port() && bound(port.HostIP, to.Addr()) && pod.speaks(to.Addr()):
				return pod, true
			}
		}
	}
	return nil, false
}

// reaches tells whether an address leads there from here.
func (p *place) reaches(other *place, to netip.Addr) bool {
	return slices.Contains(other.addresses, to) || to.IsLoopback() && p == other
}

// speaks tells whether the pod has an address of that family.
func (p *Pod) speaks(to netip.Addr) bool {
	return slices.ContainsFunc(p.addresses, func(own netip.Addr) bool { return own.Is6() == to.Is6() })
}

// bound tells whether a mapping for that address of the host takes packets to this one.
func bound(hostIP string, at netip.Addr) bool {
	return hostIP == "" || hostIP == "0.0.0.0" && at.Is4() || hostIP == "::" && at.Is6() || hostIP == at.String()
}

// listener on a machine, or beside the client, that a question comes to.
func (p *place) listener(protocol string, to netip.AddrPort) *server {
	for _, at := range append(slices.Collect(maps.Values(p.world.places)), p) {
		for s := range at.servers {
			if p.reaches(at, to.Addr()) && slices.ContainsFunc(s.ends, func(end probe.Listen) bool { return end.Protocol == protocol && end.Port == to.Port() }) {
				return s
			}
		}
	}
	return nil
}
