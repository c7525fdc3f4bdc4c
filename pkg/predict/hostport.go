// SPDX-License-Identifier: Apache-2.0

package predict

import (
	"net/netip"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Vantage is where a client stands, and at which address it asks.
type Vantage string

// The vantages. All but the named ones ask at the node's primary address.
const (
	External    Vantage = "external"      // somebody who reaches the node by its private address
	OtherNode   Vantage = "other-node"    // another node
	OtherPod    Vantage = "other-pod"     // a pod on another node
	SameNodePod Vantage = "same-node-pod" // another pod of the node
	OwnNode     Vantage = "node"          // the node itself
	Localhost   Vantage = "localhost"     // the node itself, at 127.0.0.1 or ::1
	Hairpin     Vantage = "hairpin"       // the pod that has the host port
	Direct      Vantage = "direct"        // somebody who asks at the pod's address and the container's port
	Public      Vantage = "public"        // somebody who reaches the node by its public address only
)

// Client asks. One that asks at an IPv6 address has one itself, but for [Hairpin].
type Client struct {
	Vantage Vantage
	// InPrefix: its address is in the network of the pod's address, as the CNI result has it. See [World.Client].
	InPrefix Tri
	// Matched: portmap's conditions match what it sends.
	Matched Tri
	// Bound: at [Localhost], its socket is bound to the node's address.
	Bound bool
}

// HostIP is what a host port is bound to, seen from the address that is asked.
type HostIP string

// The host IPs.
const (
	AnyIP       HostIP = ""             // no address, or the unspecified one of the family
	NodeIP      HostIP = "node"         // the node's primary address
	LocalhostIP HostIP = "localhost"    // 127.0.0.1 or ::1
	ForeignIP   HostIP = "foreign"      // an address that nobody here asks at
	OtherFamily HostIP = "other-family" // an address of the other family, the unspecified one included
)

// Port is the host port that is asked.
type Port struct {
	// Family in which it is asked, 4 or 6; 0 is 4.
	Family int
	HostIP HostIP
	// Static: the chain names the port itself. Else the pod does, and the runtime tells portmap.
	Static bool
}

// Bind is what a host IP, as a pod writes it, means to clients that ask in a family and know these primary
// addresses of the node. Text that is no address is of the other family: portmap takes it for IPv6 (run).
func Bind(hostIP string, family int, node ...netip.Addr) HostIP {
	addr, err := netip.ParseAddr(hostIP)
	switch {
	case hostIP == "":
		return AnyIP
	case err != nil && family != 6, err == nil && addr.Unmap().Is6() != (family == 6):
		return OtherFamily
	case addr.Unmap().IsUnspecified():
		return AnyIP
	case addr.Unmap() == netip.AddrFrom4([4]byte{127, 0, 0, 1}), addr == netip.IPv6Loopback():
		return LocalhostIP
	}
	for _, n := range node {
		if n == addr.Unmap() {
			return NodeIP
		}
	}
	return ForeignIP
}

// Outcome is what a client gets.
type Outcome string

// The outcomes.
const (
	Answered    Outcome = "answered"
	Refused     Outcome = "refused"
	Timeout     Outcome = "timeout"     // IPv6 that is gone: unreachable, once the kernel gives the neighbour up
	Unreachable Outcome = "unreachable" // the client has no address or no route to ask with
	StartFails  Outcome = "start-fails" // the pod does not start
	Undecided   Outcome = "unknown"
)

// Source is whose address the pod sees.
type Source string

// The sources; "" is unknown, or there is no answer.
const (
	Preserved Source = "preserved" // the client's
	OfNode    Source = "node"      // one of the node's; that of a client on the node is
)

// Answer is what a client sees.
type Answer struct {
	Outcome Outcome
	Source  Source
	// Why is one sentence with the cause, without a full stop. Needs are the facts without which nobody can tell
	// the outcome, or the source.
	Why   string
	Needs []string
}

func (a Answer) merge(other Answer, fact string) Answer {
	switch {
	case a.Outcome != other.Outcome:
		a.Outcome, a.Source, a.Needs = Undecided, "", needs(a.Needs, other.Needs, []string{fact})
	case a.Source != other.Source:
		a.Source, a.Needs = "", needs(a.Needs, other.Needs, []string{fact})
	case a.Needs == nil && other.Needs == nil:
		a.Why = either(a.Why, other.Why)
		return a
	default:
		a.Needs = needs(a.Needs, other.Needs)
	}
	a.Why = dependsOn(a.Needs)
	if a.Outcome == Answered {
		a.Why = "whose address the pod sees: " + a.Why
	}
	return a
}

// HostPort is what a client sees of a pod's host port while the pod runs. Before and after, everybody is refused.
func (w World) HostPort(c Client, p Port) Answer {
	if p.Family == 0 {
		p.Family = 4
	}
	return settle(question{World: w, client: c, port: p}, (*question).hostPort)
}

// hostPort goes the way of a packet: is there a pod, is it mapped, does the answer come back.
func (q *question) hostPort() Answer {
	if q.Portmap.Entries > 1 {
		return undecided("portmap stands in the list more than once")
	}
	if why := q.failsAll(); why != "" {
		return Answer{Outcome: StartFails, Why: why}
	}
	if why := q.failsHostPorts(); why != "" && (q.Portmap.Static || q.told()) {
		return Answer{Outcome: StartFails, Why: why}
	}
	for _, step := range []func() (Answer, bool){q.withoutIPv6, q.servedByOthers, q.unmapped, q.shutOut, q.astray, q.wayThere} {
		if a, done := step(); done {
			return a
		}
	}
	return q.wayBack()
}

func undecided(why string) Answer { return Answer{Outcome: Undecided, Why: why} }

// told tells whether the runtime tells portmap of host ports.
func (q *question) told() bool {
	return q.Portmap.Entries > 0 && q.Portmap.Capability && q.runtime() != terway.RuntimeCRIO
}

// Told tells whether portmap learns of a pod's host ports.
func (w World) Told() Claim {
	return w.claim(func(q *question) Claim {
		switch {
		case q.Portmap.Entries == 0:
			return Claim{Holds: No, Why: noPortmap}
		case !q.Portmap.Capability:
			return Claim{Holds: No, Why: noCapability}
		case q.runtime() == terway.RuntimeCRIO:
			return Claim{Holds: No, Why: servedByCRIO}
		}
		return Claim{Holds: Yes}
	})
}

// Reasons that stand in more than one place.
const (
	noPortmap      = "the list has no portmap, so nobody maps the port"
	noCapability   = "portmap does not declare the capability portMappings, so the runtime does not tell it of the port"
	servedByCilium = "without kube-proxy, on Datapath V2, cilium serves host ports itself"
	servedByCRIO   = "CRI-O serves host ports itself and tells no plugin of them"
	noPodIPv6      = "the pod has no IPv6 address"
	randomIPv6     = "tuning writes its sysctls in random order, so some pods keep their IPv6 address"
)

// withoutIPv6: a pod without an address cannot ask, nor be asked at it.
func (q *question) withoutIPv6() (Answer, bool) {
	if q.port.Family != 6 || q.client.Vantage != Hairpin && q.client.Vantage != Direct {
		return Answer{}, false
	}
	switch gone := q.ipv6Of(onEth0); {
	case !q.dual():
		return Answer{Outcome: Unreachable, Why: noPodIPv6}, true
	case gone == DiffersIPv6:
		return undecided(randomIPv6), true
	case gone == NoIPv6 && q.client.Vantage == Hairpin:
		return Answer{Outcome: Unreachable, Why: noPodIPv6}, true
	case gone == NoIPv6:
		return Answer{Outcome: Timeout, Why: goneIPv6}, true
	}
	return Answer{}, false
}

const goneIPv6 = "tuning took the IPv6 address from the pod, but everybody else goes on using it"

// servedByOthers: on some nodes host ports are not portmap's business.
func (q *question) servedByOthers() (Answer, bool) {
	switch {
	case q.client.Vantage == Direct:
		return q.direct(), true
	case !q.port.Static && q.runtime() == terway.RuntimeCRIO:
		return undecided(servedByCRIO), true
	case q.cilium():
		return undecided(servedByCilium), true
	}
	return Answer{}, false
}

// cilium serves host ports where it replaces kube-proxy.
func (q *question) cilium() bool {
	if q.KubeProxyMode != "" && q.KubeProxyMode != terway.KubeProxyNone {
		return false // whatever the datapath is
	}
	datapath := q.datapath()
	return (datapath == terway.DatapathV2 || datapath == terway.DatapathIPvlan) && q.proxy() == terway.KubeProxyNone
}

// direct traffic passes no rule of portmap's up to v1.9.1.
func (q *question) direct() Answer {
	if a, diverted := q.diverted(); diverted {
		return a
	}
	p := q.Portmap
	if p.MasqAll && p.SNAT && q.firewall() == cni.Nftables && newer(q.portmap()) {
		return Answer{Outcome: Answered, Why: "what masqAll does with nftables after " + cni.NewestRead + " is not known"}
	}
	return Answer{Outcome: Answered, Source: Preserved, Why: "nothing of portmap's is in the way to the pod's own address"}
}

// newer than all releases that were read.
func newer(release string) bool { return terway.Older(cni.NewestRead, release) }

// unmapped: nobody maps this port at this address.
func (q *question) unmapped() (Answer, bool) {
	p, why := q.Portmap, ""
	switch {
	case p.Entries == 0:
		why = noPortmap
	case q.port.Static && !p.Static:
		why = "the chain names no host port"
	case !q.port.Static && !p.Capability:
		why = noCapability
	case q.port.HostIP == OtherFamily:
		why = "the port is bound to an address of the other family"
	case q.port.HostIP == ForeignIP:
		why = "the port is bound to an address that is not asked"
	case (q.port.HostIP == LocalhostIP) != (q.client.Vantage == Localhost) && q.port.HostIP != AnyIP:
		why = "the port is bound to another address of the node"
	case q.port.Family == 6 && !q.dual():
		why = noPodIPv6
	}
	return Answer{Outcome: Refused, Why: why}, why != ""
}

// shutOut: conditions do not match this client.
func (q *question) shutOut() (Answer, bool) {
	if q.Portmap.conditions(q.port.Family) == nil {
		return Answer{}, false
	}
	q.know(ofConditions)
	return Answer{Outcome: Refused, Why: "portmap's conditions do not match this client"}, q.client.Matched == No
}

// wayThere: the packet is mapped, but cannot get to the pod.
func (q *question) wayThere() (Answer, bool) {
	if q.port.Family != 6 {
		return Answer{}, false
	}
	switch gone := q.ipv6Of(onEth0); {
	case q.client.Vantage == Localhost && !q.client.Bound:
		return Answer{Outcome: Timeout, Why: "no packet from ::1 leaves the loopback interface: IPv6 has no route_localnet"}, true
	case gone == NoIPv6:
		return Answer{Outcome: Timeout, Why: goneIPv6}, true
	case gone == DiffersIPv6:
		return undecided(randomIPv6), true
	}
	return Answer{}, false
}
