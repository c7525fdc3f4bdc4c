// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"net/netip"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
)

const (
	portmapReadme = "containernetworking/plugins:plugins/meta/portmap/README.md"
	vendorPage    = "vendor page \"Configure a custom CNI chain\""
)

// hostPortSpecs are about protocols and vantage points: who reaches a host port, and who must not.
var hostPortSpecs = []Spec{
	reach("HP-001", "a TCP host port answers an external client at the node's address", Core, probe.TCP, External,
		"This is what host ports are for. A client outside of the cluster sees the pod behind the node's private address."),
	reach("HP-002", "a TCP host port answers another node", Core, probe.TCP, OtherNode,
		"Agents and health checks on other nodes use host ports."),
	reach("HP-003", "a TCP host port answers a pod on another node", Core, probe.TCP, OtherPod,
		"The client is in the pods' vSwitch, which the iptables backend takes for the pod's own network and masquerades."),
	reach("HP-004", "a TCP host port answers another pod on the same node", Core, probe.TCP, SameNodePod,
		"The packet never leaves the node, so it takes another way through its firewall."),
	reach("HP-005", "a TCP host port answers the node itself at its node address", Core, probe.TCP, OwnNode,
		"Locally made packets take the OUTPUT chain, not PREROUTING."),
	reach("HP-006", "a TCP host port answers the node itself at 127.0.0.1", Core, probe.TCP, Localhost,
		"It answers only if somebody masquerades: the pod cannot answer to 127.0.0.1. That tells trouble with masquerading from all other."),
	reach("HP-007", "a TCP host port answers the node at 127.0.0.2", Ext, probe.TCP, Localhost2,
		"route_localnet opens the whole of 127/8."),
	reach("HP-008", "a TCP host port answers the pod itself through the node's address", Core, probe.TCP, Hairpin,
		"A pod that finds itself by its node's address: the reply would come from the pod to the pod, unless somebody masquerades."),
	{
		ID: "HP-009", Name: "the pod's own 127.0.0.1 refuses the host port", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 1,
		Why: "A host port is the node's, not the pod's: one that answers inside the pod was confused with a container port.",
		Run: func(t *T) { t.refusedInPod("127.0.0.1") },
	},
	{
		ID: "HP-010", Name: "the pod's own address refuses the host port", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 1,
		Why: "As HP-009, at the address that others use.",
		Run: func(t *T) { t.refusedInPod("") },
	},
	reach("HP-011", "the pod answers at its own address and container port", Core, probe.TCP, Direct,
		"The control for the plain network: where this fails, host ports are not the trouble."),
	reach("HP-012", "a UDP host port answers an external client at the node's address", Core, probe.UDP, External,
		"UDP has no handshake: only an answer that carries the question's nonce proves anything."),
	reach("HP-013", "a UDP host port answers another node", Core, probe.UDP, OtherNode, "As HP-002."),
	reach("HP-014", "a UDP host port answers another pod on the same node", Core, probe.UDP, SameNodePod, "As HP-004."),
	reach("HP-015", "a UDP host port answers the node itself at its node address", Core, probe.UDP, OwnNode, "As HP-005."),
	reach("HP-016", "a UDP host port answers the node itself at 127.0.0.1", Core, probe.UDP, Localhost, "As HP-006."),
	reach("HP-017", "a UDP host port answers the pod itself through the node's address", Core, probe.UDP, Hairpin, "As HP-008."),
	reach("HP-018", "the pod answers UDP at its own address and container port", Core, probe.UDP, Direct, "As HP-011."),
	{
		ID: "HP-019", Name: "an SCTP host port answers another node and the node itself", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, SCTPPackets}, Evidence: 6,
		Why:     "Telephony uses SCTP. An INIT chunk goes in and an INIT-ACK comes back, without a socket of the kernel's own SCTP, which many kernels lack.",
		Sources: []string{portmapReadme},
		Run: func(t *T) {
			t.Cycle(t.Port(probe.SCTP), Asks(probe.SCTP, OtherNode, OwnNode)...)
		},
	},
	{
		ID: "HP-020", Name: "one port number for TCP and UDP maps to two container ports independently", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 6,
		Why: "DNS and HTTP/3 use one number for both; a mapping that ignores the protocol sends one of them astray.",
		Run: func(t *T) {
			tcp := t.Port(probe.TCP)
			udp := tcp
			udp.Protocol, udp.Container = probe.UDP, tcp.Container+5000
			t.Closed(tcp, Asks(probe.TCP, External)...)
			t.Closed(udp, Asks(probe.UDP, External)...)
			pod := t.Start(PodSpec{Ports: []Port{tcp, udp}})
			t.Answers(pod, tcp, Asks(probe.TCP, External)...)
			t.Answers(pod, udp, Asks(probe.UDP, External)...)
			t.Stop(pod)
			t.Released(tcp, Asks(probe.TCP, External)...)
			t.Released(udp, Asks(probe.UDP, External)...)
		},
	},
	{
		ID: "HP-021", Name: "other nodes refuse the port", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 4,
		Why: "A host port is not a NodePort: only the node that runs the pod has it.",
		Run: func(t *T) {
			port := t.Port(probe.TCP)
			elsewhere := Asks(probe.TCP, Elsewhere)
			t.Closed(port, elsewhere...)
			pod := t.Start(PodSpec{Ports: []Port{port}})
			t.Sees(pod, port, refused, elsewhere...)
			t.Stop(pod)
		},
	},
	reach("HP-022", "a TCP host port answers at a second address of the node", Ext, probe.TCP, AtSecondary,
		"Every local address of the node is a target, that of a bridge or of another interface, too."),
	{
		ID: "HP-023", Name: "a TCP host port answers a client on the internet at the node's public address", Level: Core, For: WantPublic, Needs: []Feature{HostPorts, PublicAddress}, Evidence: 5,
		Why:     "The reply must leave by the interface at which the request came in, or nobody translates the public address back. That takes symmetric routing.",
		Sources: []string{vendorPage, "AliyunContainerService/terway:docs/symmetric_routing_config.md"},
		Run:     func(t *T) { t.Cycle(t.Port(probe.TCP), Asks(probe.TCP, FromPublic)...) },
	},
	{
		ID: "HP-024", Name: "a pod with several host ports answers at each", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 9,
		Why: "Every container may have one.",
		Run: func(t *T) {
			ports := []Port{t.Port(probe.TCP), t.Port(probe.TCP), t.Port(probe.TCP)}
			for _, p := range ports {
				t.Closed(p, Asks(probe.TCP, External)...)
			}
			pod := t.Start(PodSpec{Ports: ports})
			for _, p := range ports {
				t.Answers(pod, p, Asks(probe.TCP, External)...)
			}
			t.Stop(pod)
			for _, p := range ports {
				t.Released(p, Asks(probe.TCP, External)...)
			}
		},
	},
	{
		ID: "HP-026", Name: "10 MiB each way and datagrams of 1400 and 9000 bytes pass", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 4,
		Why: "Small packets pass where large ones are lost: the MTU, or fragments that no connection is found for.",
		Run: func(t *T) {
			tcp, udp := t.Port(probe.TCP), t.Port(probe.UDP)
			pod := t.Start(PodSpec{Ports: []Port{tcp, udp}})
			t.Answers(pod, tcp, Asks(probe.TCP, External)...) // a path that is closed is told before the long wait
			much := Ask{From: External, Protocol: probe.TCP, Shape: probe.Request{Upload: 10 << 20, Download: 10 << 20, Limit: 20 * time.Second}}
			t.Answers(pod, tcp, much)
			for _, size := range []int{1400, 9000} {
				t.Answers(pod, udp, Ask{From: External, Protocol: probe.UDP, Shape: probe.Request{Upload: size}})
			}
			t.Stop(pod)
		},
	},
	{
		ID: "HP-027", Name: "50 connections at once are all answered by the pod", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 50,
		Why: "Translations must not be confused with each other.",
		Run: func(t *T) {
			port := t.Port(probe.TCP)
			pod := t.Start(PodSpec{Ports: []Port{port}})
			t.Answers(pod, port, Asks(probe.TCP, External)...)
			var many []Ask
			for range 50 {
				many = append(many, Ask{From: External, Protocol: probe.TCP, Shape: probe.Request{Limit: 5 * time.Second}})
			}
			t.Answers(pod, port, many...)
			t.Stop(pod)
		},
	},
	{
		ID: "HP-028", Name: "a connection that is silent for three seconds goes on", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 1,
		Why: "A translation that is forgotten early cuts quiet connections off.",
		Run: func(t *T) {
			port := t.Port(probe.TCP)
			pod := t.Start(PodSpec{Ports: []Port{port}})
			t.Answers(pod, port, Asks(probe.TCP, External)...)
			idle := Ask{From: External, Protocol: probe.TCP, Shape: probe.Request{Idle: 3 * time.Second, Limit: 6 * time.Second}}
			t.judge(port, pod, []Ask{idle}, func(a Ask) Want { return t.want(a, port, pod) }, 1)
			t.Stop(pod)
		},
	},
	{
		ID: "HP-029", Name: "half-closed connections and resets pass through", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 6,
		Why: "Protocols that end their direction first, and servers that cut off, must be seen as they are.",
		Run: func(t *T) {
			port := t.Port(probe.TCP)
			pod := t.Start(PodSpec{Ports: []Port{port}})
			t.Answers(pod, port, Ask{From: External, Protocol: probe.TCP, Shape: probe.Request{HalfClose: true}})
			t.Sees(pod, port, func(Ask) Want { return Want{Outcome: probe.Reset} }, Ask{From: External, Protocol: probe.TCP, Shape: probe.Request{Reset: true}})
			t.Stop(pod)
		},
	},
	{
		ID: "HP-030", Name: "a UDP port that is closed in the container refuses the client", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 3,
		Why: "The ICMP error must find its way back through the translation; it tells \"no listener\" from \"no rule\", which look alike to a client that waits.",
		Run: func(t *T) {
			port := t.Port(probe.UDP)
			pod := t.Start(PodSpec{Ports: []Port{port}, Stopped: true})
			t.Sees(pod, port, refused, Asks(probe.UDP, External)...)
			t.Stop(pod)
		},
	},
}

// reach is a spec about one protocol and one vantage.
func reach(id, name string, level Level, protocol string, from Vantage, why string) Spec {
	needs := []Feature{HostPorts}
	if from == External {
		needs = append(needs, Outside)
	}
	return Spec{
		ID: id, Name: name, Level: level, For: WantHostPorts, Needs: needs, Evidence: inARow, Why: why, Sources: []string{portmapReadme},
		Run: func(t *T) {
			if from == AtSecondary && !t.Env.Layout().Node.Secondary.IsValid() {
				t.NotApplicable("the node has one address only")
			}
			t.Cycle(t.Port(protocol), Asks(protocol, from)...)
		},
	}
}

func refused(Ask) Want { return Want{Outcome: probe.Refused} }

// refusedInPod asks the pod from inside at its host port's number.
func (t *T) refusedInPod(address string) {
	port := t.Port(probe.TCP)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, Asks(probe.TCP, External)...)
	if address == "" {
		address = podAddress(pod, 4).String()
	}
	t.refusedAt(pod, port, address)
	t.Stop(pod)
}

func (t *T) refusedAt(from Place, port Port, address string) {
	to := netip.AddrPortFrom(netip.MustParseAddr(address), port.Host)
	results, err := from.Probe(t, probe.Request{Protocol: port.Protocol, To: to, Limit: answerLimit})
	t.Must(err)
	for _, r := range results {
		t.Observe(report.Observation{Vantage: "pod", Protocol: port.Protocol, Family: 4, Target: to.String(), Got: string(r.Outcome), Expected: string(probe.Refused)})
		if r.Outcome != probe.Refused {
			t.Fail(string(r.Outcome), "the pod's own %s: expected refused, got %s", to, r.Outcome)
		}
	}
}
