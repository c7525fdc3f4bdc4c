// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"

	"github.com/chainlint/chainlint/conformance/probe"
)

// foreignIP is an address of no machine (RFC 5737).
const foreignIP = "192.0.2.77"

// hostIPSpecs are about host ports that are bound to an address of the node.
var hostIPSpecs = []Spec{
	{
		ID: "HP-040", Name: "an empty host IP and 0.0.0.0 both mean all addresses of the node", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 24,
		Why:     "Nearly all manifests leave hostIP out, and some tools write 0.0.0.0 in its place: whoever opens a port for everybody must not open it for nobody.",
		Sources: []string{portmapReadme},
		Run:     everyAddress,
	},
	{
		ID: "HP-041", Name: "a host port at 127.0.0.1 answers the node there, and nobody at the node's address", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 20,
		Why:     "Ports for the node's own agents, often without a password, are bound to 127.0.0.1 so that nobody else reaches them.",
		Sources: []string{portmapReadme},
		Run: func(t *T) {
			t.bound("127.0.0.1", []Vantage{Localhost}, []Vantage{External, OtherNode, SameNodePod, OwnNode})
		},
	},
	{
		ID: "HP-042", Name: "a host port at the node's address answers there, and not at its other addresses", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 16,
		Why:     "Nodes have addresses in several networks; a port that is bound to one of them must not be open in the others.",
		Sources: []string{portmapReadme},
		Run: func(t *T) {
			t.bound(t.Env.Layout().Node.Address.String(), []Vantage{External, OwnNode}, append(t.secondary(), Localhost))
		},
	},
	{
		ID: "HP-043", Name: "two pods share a port at two addresses of the node, and each answers at its own", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 11,
		Why:     "The scheduler puts both on one node: to Kubernetes they do not conflict.",
		Sources: []string{"kubernetes/kubernetes:test/e2e/network/hostport.go"},
		Run:     twoAddresses,
	},
	{
		ID: "HP-044", Name: "two pods share an address and a port, one by TCP and one by UDP", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 10,
		Why:     "As HP-043: to Kubernetes they do not conflict.",
		Sources: []string{"kubernetes/kubernetes:test/e2e/network/hostport.go"},
		Run:     twoProtocols,
	},
	{
		ID: "HP-045", Name: "a host port at an address that the node does not have is at no other, either, and the pod runs", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 12,
		Why: "Nothing tells the user that nobody can reach the port. It must at least not be open where he did not want it.",
		Run: func(t *T) {
			t.bound(foreignIP, []Vantage{Direct}, append(t.secondary(), External, OwnNode, Localhost))
		},
	},
	{
		ID: "HP-046", Name: "a host port at :: is at no IPv4 address", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 12,
		Why:     "Elsewhere :: often means both families; to portmap it means IPv6 alone. On a cluster with IPv4 only, such a port is nowhere, and nothing says so.",
		Sources: []string{"containernetworking/plugins#378"},
		Run: func(t *T) {
			t.bound("::", []Vantage{Direct}, []Vantage{External, OwnNode, Localhost})
		},
	},
	{
		ID: "HP-047", Name: "a host port at a second address of the node answers there alone", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 12,
		Why: "As HP-042, for an address on another interface.",
		Run: func(t *T) {
			if len(t.secondary()) == 0 {
				t.NotApplicable("the node has one address only")
			}
			t.bound(t.Env.Layout().Node.Secondary.String(), t.secondary(), []Vantage{External, OwnNode, Localhost})
		},
	},
}

// secondary is the vantage at a further address of the node, where there is one.
func (t *T) secondary() []Vantage {
	if !t.Env.Layout().Node.Secondary.IsValid() {
		return nil
	}
	return []Vantage{AtSecondary}
}

// bound is closed, open, closed for a host port that is bound to an address: the pod answers there, and nobody
// elsewhere.
func (t *T) bound(hostIP string, there, elsewhere []Vantage) {
	port, control := t.Port(probe.TCP), t.Port(probe.TCP)
	port.HostIP = hostIP
	asks := Asks(probe.TCP, slices.Concat(there, elsewhere)...)
	t.Closed(port, asks...)
	pod := t.Start(PodSpec{Ports: []Port{port, control}})
	t.Answers(pod, control, Asks(probe.TCP, External)...) // else all would be refused for another reason
	t.Sees(pod, port, func(a Ask) Want {
		if slices.Contains(elsewhere, a.From) {
			return Want{Outcome: probe.Refused, Why: "the port is bound to " + hostIP}
		}
		everywhere := port
		everywhere.HostIP = "" // to clients at the right address it makes no difference
		return t.want(a, everywhere, pod)
	}, asks...)
	t.Stop(pod)
	t.Released(port, asks...)
}

func everyAddress(t *T) {
	ports := []Port{t.Port(probe.TCP), t.Port(probe.TCP)}
	ports[1].HostIP = "0.0.0.0"
	asks := Asks(probe.TCP, append(t.secondary(), External, OwnNode, Localhost)...)
	for _, p := range ports {
		t.Closed(p, asks...)
	}
	pod := t.Start(PodSpec{Ports: ports})
	for _, p := range ports {
		t.Answers(pod, p, asks...)
	}
	t.Stop(pod)
	for _, p := range ports {
		t.Released(p, asks...)
	}
}

func twoAddresses(t *T) {
	loopback := t.Port(probe.TCP)
	address := loopback
	loopback.HostIP, address.HostIP = "127.0.0.1", t.Env.Layout().Node.Address.String()
	inside, outside := Asks(probe.TCP, Localhost), Asks(probe.TCP, External)
	t.Closed(loopback, slices.Concat(inside, outside)...)
	one := t.Start(PodSpec{Ports: []Port{loopback}})
	two := t.Start(PodSpec{Ports: []Port{address}})
	t.Answers(one, loopback, inside...)
	t.Answers(two, address, outside...)
	t.Stop(one)
	t.Released(loopback, inside...)
	t.Answers(two, address, outside...)
	t.Stop(two)
	t.Released(address, outside...)
}

func twoProtocols(t *T) {
	tcp := t.Port(probe.TCP)
	tcp.HostIP = t.Env.Layout().Node.Address.String()
	udp := tcp
	udp.Protocol = probe.UDP
	streams, datagrams := Asks(probe.TCP, External), Asks(probe.UDP, External)
	t.Closed(tcp, streams...)
	t.Closed(udp, datagrams...)
	one := t.Start(PodSpec{Ports: []Port{tcp}})
	two := t.Start(PodSpec{Ports: []Port{udp}})
	t.Answers(one, tcp, streams...)
	t.Answers(two, udp, datagrams...)
	t.Stop(one)
	t.Released(tcp, streams...)
	t.Answers(two, udp, datagrams...)
	t.Stop(two)
	t.Released(udp, datagrams...)
}
