// SPDX-License-Identifier: Apache-2.0

package predict

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// masquerades tells whether a mapped connection of this client comes from the node's address, and why (run, portmap
// v1.1.1 to v1.9.1).
func (q *question) masquerades() (on Tri, why string) {
	switch {
	case !q.Portmap.SNAT:
		return No, "snat is false, so portmap masquerades nothing"
	case q.firewall() == cni.Nftables:
		return q.nftMasquerades()
	case !q.marked():
		return No, "portmap masquerades the node's localhost, the pod itself and the network of its address only"
	}
	state, why := q.markChain()
	return truth(state == MarkOwn || state == MarkForeign), why
}

// marked tells whether the rule of iptables that marks packets matches the client by its source: everybody with
// masqAll, else the network of the pod's address, and 127.0.0.1.
func (q *question) marked() bool {
	if q.Portmap.MasqAll && !cni.Lacks(q.portmap(), cni.MasqAll) {
		return true
	}
	return q.client.Vantage == Hairpin || q.loops() && q.port.Family == 4 || q.inPrefix()
}

// nftMasquerades: nftables matches the pod's own address, and 127.0.0.1; masqAll is ignored up to v1.9.1.
func (q *question) nftMasquerades() (on Tri, why string) {
	switch {
	case q.loops():
		return Yes, ""
	case q.Portmap.MasqAll && newer(q.portmap()):
		return Unknown, "what masqAll does with nftables after " + cni.NewestRead + " is not known"
	case q.Portmap.MasqAll:
		return No, "the nftables backend ignores masqAll in every release up to " + cni.NewestRead
	}
	return No, "with nftables portmap masquerades the node's localhost and the pod itself only"
}

// loops: the pod could not answer the client at its own address.
func (q *question) loops() bool {
	return q.client.Vantage == Hairpin || q.client.Vantage == Localhost && !q.client.Bound
}

// astray: what externalSetMarkChain names takes the packet before it is mapped, or may.
func (q *question) astray() (Answer, bool) {
	if q.Portmap.MarkChain == nil {
		return Answer{}, false
	}
	switch state, why := q.markChain(); {
	case state == MarkEnds && q.marked():
		return Answer{Outcome: Refused, Why: why}, true
	case state == "" && q.marked():
		return undecided(why), true
	}
	return Answer{}, false
}

// wayBack: the pod got the packet; does its answer reach the client.
func (q *question) wayBack() Answer {
	vantage := q.client.Vantage
	on, why := q.masquerades()
	switch {
	case q.loops() && on == No:
		return Answer{Outcome: Timeout, Why: why + ", and the pod cannot answer such a client"}
	case q.loops():
		return q.near("portmap masquerades what comes from the node's localhost and from the pod itself")
	case vantage == OwnNode, vantage == Localhost:
		return q.near("the pod answers the node")
	}
	return q.remote(on, why)
}

// near is an answer to the node itself. That of ipvlan pods is not modelled.
func (q *question) near(why string) Answer {
	if q.bypasses() && q.Datapath == terway.DatapathIPvlan {
		return undecided(ofIPvlan)
	}
	return Answer{Outcome: Answered, Source: OfNode, Why: why}
}

const ofIPvlan = "how ipvlan pods answer their own node is not known"

// remote clients: replies must pass the connection tracking that mapped the request, and public ones the
// interface by which it came.
func (q *question) remote(on Tri, why string) Answer {
	if q.client.Vantage == Public {
		if symmetric, off := q.symmetric(); !symmetric {
			return Answer{Outcome: Timeout, Why: off}
		}
	}
	if a, diverted := q.diverted(); diverted {
		return a
	}
	past := q.bypasses()
	switch {
	case past && on == No:
		return Answer{Outcome: Timeout, Why: "the pod's reply goes straight to its ENI, past the host's connection tracking, and " + why}
	case past && on == Unknown:
		return undecided(why)
	case past && q.Datapath == terway.DatapathIPvlan:
		return undecided(ofIPvlan)
	case on == Yes:
		return Answer{Outcome: Answered, Source: OfNode, Why: "portmap masquerades this client"}
	case on == No:
		return Answer{Outcome: Answered, Source: Preserved, Why: why}
	}
	return Answer{Outcome: Answered, Why: why}
}

// bypasses tells whether pods' packets to others than the node pass the host's netfilter by.
func (q *question) bypasses() bool { return q.datapath() != terway.DatapathVeth }

// symmetric tells whether replies leave by the interface at which the request came.
func (q *question) symmetric() (on bool, why string) {
	if !q.Symmetric.Asked {
		return false, "symmetric routing is off, so replies leave by the pod's ENI, where nobody knows the connection"
	}
	if q.know(ofTerway); q.HasSymmetric == No {
		return false, "this Terway has no symmetric routing, so replies leave by the pod's ENI, where nobody knows the connection"
	}
	return true, ""
}

// diverted: with wrong numbers symmetric routing sends packets astray, and nobody says which.
func (q *question) diverted() (Answer, bool) {
	if q.Symmetric.astray() == "" {
		return Answer{}, false
	}
	if on, _ := q.symmetric(); !on {
		return Answer{}, false
	}
	return undecided("symmetric routing diverts packets: " + q.Symmetric.astray()), true
}
