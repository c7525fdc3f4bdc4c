// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"net/netip"
	"slices"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

const portmapMasquerade = "containernetworking/plugins:plugins/meta/portmap/portmap_iptables.go"

// sourceSpecs are about the address by which the pod sees its clients. It changes without anybody noticing, and
// with it who is let in, and what logs tell.
var sourceSpecs = []Spec{
	{
		ID: "SRC-001", Name: "an external client arrives at the pod by its own address", Level: Core, For: WantClients, Needs: []Feature{HostPorts, Outside}, Evidence: 8,
		Why:     "Who decides by the client's address whom to serve serves everybody, or nobody, once all clients look like the node. That made a mail server relay for the world.",
		Sources: []string{"kubernetes/kubernetes#107591"},
		Run:     func(t *T) { t.arrives(t.as(Preserved), External) },
	},
	{
		ID: "SRC-002", Name: "another node arrives at the pod by its own address", Level: Core, For: WantClients, Needs: []Feature{HostPorts}, Evidence: 8,
		Why:     "As SRC-001. Where nodes are in the pods' vSwitch, portmap with iptables takes them for pods and masquerades them, whatever masqAll says.",
		Sources: []string{portmapMasquerade},
		Run: func(t *T) {
			l := t.Env.Layout()
			if l.Prefix.Masked().Contains(l.Other.Address) && t.masquerades(OtherNode, l.Other.Address) {
				t.NotApplicable("nodes are in the pods' vSwitch %s here, whose clients portmap masquerades", l.Prefix.Masked())
			}
			t.arrives(t.as(Preserved), OtherNode)
		},
	},
	{
		ID: "SRC-003", Name: "pods arrive at another pod as the backend and the vSwitch's prefix have it", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 16,
		Why:     "With iptables portmap masquerades all clients in the network of the pod's address, which is the vSwitch's; with nftables none of them. A change of backend changes what pods see.",
		Sources: []string{portmapMasquerade, "containernetworking/plugins:plugins/meta/portmap/portmap_nftables.go"},
		Run:     func(t *T) { t.arrives(t.asPredicted, SameNodePod, OtherPod) },
	},
	{
		ID: "SRC-004", Name: "clients at 127.0.0.1 and the pod itself arrive by the node's address", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 8,
		Why: "The pod can answer neither to 127.0.0.1, which is itself, nor to its own address through the node.",
		Run: localAddress,
	},
	{
		ID: "SRC-005", Name: "with masqAll every client arrives by the node's address", Level: Core, For: WantMasqAll, Needs: []Feature{HostPorts}, Evidence: 16,
		Why:     "masqAll is asked for where replies come back by no other way. portmap's nftables backend ignores it in every release up to v1.9.1, without a word.",
		Sources: []string{"containernetworking/plugins#772", "containernetworking/plugins#1235"},
		Run:     func(t *T) { t.arrives(t.as(FromNode), t.remote()...) },
	},
	{
		ID: "SRC-006", Name: "with masqAll a client at the pod's own address keeps its address", Level: Ext, For: WantMasqAll, Needs: []Feature{HostPorts}, Evidence: 6,
		Why:     "masqAll is about host ports. Releases of portmap after v1.9.1 may masquerade all traffic to such pods with nftables: recorded, where the release is not known.",
		Sources: []string{"containernetworking/plugins#1235"},
		Run:     func(t *T) { t.arrives(t.asPredicted, Direct) },
	},
	{
		ID: "SRC-007", Name: "the prefix of the pod's address decides who is masqueraded, and nothing else", Level: Ext, Own: true, Needs: []Feature{OwnChain, HostPorts}, Evidence: 21,
		Why:     "Terway's result names the vSwitch's prefix, and portmap takes it for the pod's own network. A stand-in whose results say /32 would hide that.",
		Sources: []string{"AliyunContainerService/terway:plugin/terway/cni.go", portmapMasquerade},
		Run:     prefixes,
	},
	{
		ID: "SRC-008", Name: "a client that keeps its address keeps its port", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 9,
		Why: "Some protocols tell clients apart by their ports. Where the client is masqueraded, its port may change, which is recorded.",
		Run: sourcePorts,
	},
	{
		ID: "SRC-009", Name: "what the pod sends by itself leaves by its own address", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 7,
		Why: "Masquerading is for host ports. Where it catches what pods send, databases and partners outside see the node in place of the pod, and turn it away.",
		Run: outbound,
	},
	{
		ID: "SRC-010", Name: "a client on the internet arrives by its own address", Level: Core, For: WantPublic, Needs: []Feature{HostPorts, PublicAddress}, Evidence: 8,
		Why:     "As SRC-001, for the clients that matter most. With masqAll, and on Datapath V2, which needs it, they arrive by the node's, which is recorded only.",
		Sources: []string{vendorPage},
		Run: func(t *T) {
			want := t.as(Preserved)
			if ports := t.Intent.HostPorts; t.bypassed() || ports != nil && ports.MasqAll != nil && *ports.MasqAll {
				want = t.as("")
			}
			t.arrives(want, FromPublic)
		},
	},
	{
		ID: "SRC-011", Name: "external clients and other nodes arrive as the backend, masqAll and the vSwitch's prefix have it", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 16,
		Why:     "Nobody asked for these addresses, so they are recorded, and held against what the chain makes of them: a run after an upgrade shows where they changed.",
		Sources: []string{portmapMasquerade},
		Run:     func(t *T) { t.arrives(t.asPredicted, External, OtherNode) },
	},
}

// remote are all vantages whose clients are not on the node.
func (t *T) remote() []Vantage {
	all := []Vantage{External, OtherNode, OtherPod, SameNodePod}
	if asked := WantPublic.Asked(t.Intent, false); asked && t.missing(PublicAddress) == "" {
		all = append(all, FromPublic)
	}
	return all
}

// arrives is closed, open, closed by TCP and UDP: the pod has to see the clients as wanted.
func (t *T) arrives(want func(Pod, Port) func(Ask) Want, from ...Vantage) {
	ports := []Port{t.Port(probe.TCP), t.Port(probe.UDP)}
	asks := func(p Port) []Ask {
		all := Asks(p.Protocol, from...)
		if t.spec.For == WantMasqAll && t.missing(DualStack) == "" {
			all = append(all, inIPv6(Asks(p.Protocol, External, OtherNode))...)
		}
		return all
	}
	for _, p := range ports {
		t.Closed(p, asks(p)...)
	}
	pod := t.Start(PodSpec{Ports: ports})
	for _, p := range ports {
		t.Sees(pod, p, want(pod, p), asks(p)...)
	}
	t.Stop(pod)
	for _, p := range ports {
		t.Released(p, asks(p)...)
	}
}

// as wants answers, and clients that look like that to the pod; in predictions they look as predicted.
func (t *T) as(class string) func(Pod, Port) func(Ask) Want {
	return func(pod Pod, port Port) func(Ask) Want {
		return func(a Ask) Want {
			w := t.want(a, port, pod)
			if !t.Predict {
				w.Class = class
				w.Why = t.whyNot(class)
			}
			return w
		}
	}
}

// whyNot is what is known to keep clients from looking like that.
func (t *T) whyNot(class string) string {
	if t.spec.For != WantMasqAll || class != FromNode {
		return ""
	}
	if claim := t.world().MasqAll(); claim.Holds == predict.No {
		return claim.Why
	}
	return ""
}

// asPredicted wants answers, and clients that look as the chain has it.
func (t *T) asPredicted(pod Pod, port Port) func(Ask) Want {
	return func(a Ask) Want {
		w, model := t.want(a, port, pod), t.predicted(a, port, pod)
		w.Class, w.Why = sources[model.Source], model.Why
		return w
	}
}

// masquerades tells whether the chain lets no client there keep its address.
func (t *T) masquerades(from Vantage, client netip.Addr) bool {
	w := t.world().Started()
	return w.HostPort(w.Client(predict.Vantage(from), client), predict.Port{}).Source == predict.OfNode
}

// bypassed tells whether what pods send passes the host's netfilter by.
func (t *T) bypassed() bool {
	datapath := t.world().Datapath
	return datapath != "" && datapath != terway.DatapathVeth
}

func localAddress(t *T) {
	port := t.Port(probe.TCP)
	asks := Asks(probe.TCP, Localhost, Hairpin)
	t.Closed(port, asks...)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Sees(pod, port, t.as(FromNode)(pod, port), asks...)
	t.Stop(pod)
	t.Released(port, asks...)
}

func sourcePorts(t *T) {
	port := t.Port(probe.TCP)
	asks := Asks(probe.TCP, External, OtherNode, SameNodePod)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, asks...)
	for i, r := range t.AskOnce(port, pod, asks...) {
		if r.Reply == nil {
			continue
		}
		seen, own := r.Reply.Peer, r.Local
		t.Read(string(asks[i].From), "source port", words(seen.Port() == own.Port()), "")
		if t.class(r) == Preserved && seen.Port() != own.Port() {
			t.Fail("wrong-port", "%s: the client asked from port %d, and the pod saw its address with port %d", asks[i], own.Port(), seen.Port())
		}
	}
	t.Stop(pod)
}

func words(same bool) string {
	if same {
		return "the client's"
	}
	return "another"
}

// outbound asks a server outside from a pod with a host port, and from one without.
func outbound(t *T) {
	port, there := t.Port(probe.TCP), t.nextPort()
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, Asks(probe.TCP, External, Hairpin)...) // now there are connections that are masqueraded
	stop := t.outside(there)
	defer stop()
	for _, protocol := range []string{probe.TCP, probe.UDP} {
		plain := t.sends(t.client(SameNodePod), protocol, there)
		if own := t.sends(pod, protocol, there); own != "" {
			if plain != "" {
				t.Inconclusive("masqueraded-anyway", "a pod without host ports leaves by another address than its own, too: %s", plain)
			}
			t.FailHint("wrong-source", "a rule of masquerading catches more than host ports: which one shows iptables -t nat -S, or nft list ruleset", "%s", own)
		}
	}
	t.Stop(pod)
}

// beyond is who answers outside of the cluster.
const beyond = "external-server"

// outside starts a server outside of the cluster.
func (t *T) outside(port uint16) (stop func()) {
	any4 := netip.IPv4Unspecified()
	stop, err := t.Env.At(AtExternal).Serve(t, beyond, probe.Honest, probe.Listen{Protocol: probe.TCP, Port: port, Address: any4}, probe.Listen{Protocol: probe.UDP, Port: port, Address: any4})
	t.Must(err)
	return stop
}

// sends asks the server outside and returns what is wrong with the address that it saw.
func (t *T) sends(pod Pod, protocol string, port uint16) string {
	to := netip.AddrPortFrom(t.Env.Layout().External, port)
	results, err := pod.Probe(t, probe.Request{Protocol: protocol, To: to, Limit: answerLimit})
	t.Must(err)
	for _, r := range results {
		o := report.Observation{Vantage: "pod", Protocol: protocol, Family: 4, Target: to.String(), Got: string(t.answeredBy(r, beyond)), Expected: string(probe.Answered), WantClass: Preserved}
		if r.Reply != nil {
			o.Source, o.Class = r.Reply.Peer.String(), t.class(r)
		}
		t.Observe(o)
		if o.Got != o.Expected {
			t.Fail(o.Got, "a pod to a server outside at %s: expected answered, got %s (%s)", to, o.Got, r.Error)
		}
		if o.Class != Preserved {
			return protocol + " to " + to.String() + ": the pod asked from " + r.Local.String() + ", and the server saw " + o.Source
		}
	}
	return ""
}

// answeredBy is the outcome of a request that somebody had to answer.
func (t *T) answeredBy(r probe.Result, who string) probe.Outcome {
	if r.Outcome == probe.Answered && r.Reply.Identity != who {
		return probe.WrongAnswer
	}
	return r.Outcome
}

// prefixes asks the same in three worlds, in which results have different prefixes.
func prefixes(t *T) {
	masqueraded := map[int][]Vantage{32: nil, 24: {SameNodePod, OtherPod}, 23: {SameNodePod, OtherPod, OtherNode}}
	for _, length := range []int{32, 24, 23} {
		w := t.Open(func(s *Setup) { s.Prefix, s.Data = length, Chain(PlainTerway, PlainPortmap) })
		port := w.Port(probe.TCP)
		pod := w.Start(PodSpec{Ports: []Port{port}})
		w.Sees(pod, port, func(a Ask) Want {
			class := Preserved
			if slices.Contains(append(masqueraded[length], Localhost, Hairpin), a.From) {
				class = FromNode
			}
			return Want{Outcome: probe.Answered, Class: class, Why: "the pod's address has the prefix " + w.Env.Layout().Prefix.String()}
		}, Asks(probe.TCP, External, OtherNode, OtherPod, SameNodePod, OwnNode, Localhost, Hairpin)...)
		w.Stop(pod)
	}
}
