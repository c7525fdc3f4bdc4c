// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/predict"
)

const hijack = "CVE-2025-67499 (GHSA-jv3w-x3r3-g6rm), fixed in v1.9.0 of the plugins"

// isolationSpecs are about what host ports must not do to other traffic, and firewalls to host ports.
var isolationSpecs = []Spec{
	{
		ID: "ISO-001", Name: "a pod that asks a server outside at the number of a host port reaches that server", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 7,
		Why:     "Rules that look at the port and not at the address send what pods ask of others to the pod with the host port, which reads what was not for it, and may answer.",
		Sources: []string{hijack},
		Run:     captures,
	},
	{
		ID: "ISO-002", Name: "what the node forwards to another address at the number of a host port gets there", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 9,
		Why:     "As ISO-001, for traffic from outside: that to another pod of the node, at that pod's own address.",
		Sources: []string{hijack},
		Run:     transit,
	},
	{
		ID: "ISO-006", Name: "with a FORWARD policy DROP the node itself reaches a host port, and clients outside do not", Level: Ext, Own: true, Needs: []Feature{OwnChain, HostPorts, Shell}, Evidence: 5,
		Why:     "The usual check on the node succeeds and tells nothing. The suite has to say where to look.",
		Sources: []string{"containernetworking/plugins#512"},
		Run:     forwardDrop,
	},
	{
		ID: "ISO-007", Name: "host ports are lost when the firewall is flushed, and come back with new pods only", Level: Ext, Own: true, Needs: []Feature{OwnChain, HostPorts, Shell}, Evidence: 14,
		Why:     "A restart of firewalld, or an iptables-restore, takes the rules away, and nobody brings those of running pods back. Known, and asserted: such pods are to be made anew.",
		Sources: []string{"kubernetes/kubernetes#93091", "containernetworking/plugins#512"},
		Run:     func(t *T) { t.eachBackend(flushed) },
	},
	{
		ID: "ISO-008", Name: "conditions let clients in that match, and refuse the others", Level: Ext, Own: true, Needs: []Feature{OwnChain, HostPorts}, Evidence: 16,
		Why:     "conditionsV4 restrict who is led to the pod. The others meet the node, where nobody listens.",
		Sources: []string{portmapReadme},
		Run:     conditions,
	},
	{
		ID: "ISO-009", Name: "strict reverse path filtering keeps clients from host ports, and loose does not", Level: Ext, Own: true, Needs: []Feature{OwnChain, HostPorts, NetAdmin}, Evidence: 20,
		Why:     "Hardening guides ask for net.ipv4.conf.all.rp_filter = 1. The way back to the client is looked up from the pod's address, and leads through its ENI. Terway's init container sets 0 for eth0, but the larger of the two counts.",
		Sources: []string{"AliyunContainerService/terway:hack/init.sh (net.ipv4.conf.eth0.rp_filter=0)"},
		Run:     reversePaths,
	},
	{
		ID: "ISO-010", Name: "the firewall plugin behind portmap leaves host ports open", Level: Ext, Own: true, Needs: []Feature{OwnChain, HostPorts}, Evidence: 20,
		Why:     "It is the usual third entry of a list. It has rules of its own for each pod, and has to take the result as portmap leaves it.",
		Sources: []string{"containernetworking/plugins:plugins/meta/firewall/README.md"},
		Run:     firewallBehind,
	},
}

// captures asks a server outside, from the pod with the host port, and from another pod.
func captures(t *T) {
	port := t.Port(probe.TCP)
	datagrams := port
	datagrams.Protocol = probe.UDP
	pod := t.Start(PodSpec{Ports: []Port{port, datagrams}})
	t.Answers(pod, port, Asks(probe.TCP, External)...)
	stop := t.outside(port.Host)
	defer stop()
	to := netip.AddrPortFrom(t.Env.Layout().External, port.Host)
	for _, from := range []struct {
		who   string
		place Place
	}{{"another pod", t.client(SameNodePod)}, {"the pod itself", pod}} {
		t.gets(from.who, true, from.place, to, beyond)
	}
	t.Stop(pod)
}

// gets requires that who asks at an address is answered by whom he wants.
func (t *T) gets(who string, fromPod bool, from Place, to netip.AddrPort, wanted string) {
	results, err := from.Probe(t, probe.Request{Protocol: probe.TCP, To: to, Limit: answerLimit}, probe.Request{Protocol: probe.UDP, To: to, Limit: answerLimit})
	t.Must(err)
	for _, r := range results {
		got := t.answeredBy(r, wanted)
		t.Observe(report.Observation{Phase: "open", Vantage: who, Protocol: r.Protocol, Family: 4, Target: to.String(), Got: string(got), Expected: string(probe.Answered)})
		caught := t.Predict && t.world().Transit(fromPod).Holds != predict.No // or may be
		if got != probe.Answered && !caught {
			t.FailHint(string(got), "the nftables backend before v1.9.0 does not look at whom traffic is addressed to: "+hijack, "%s asks another host at %s by %s, the number of a host port here: expected that host's answer, got %s %s", who, to, r.Protocol, got, r.Error)
		}
	}
}

// transit asks a pod at its own address, at a port whose number is a host port of another pod.
func transit(t *T) {
	port := t.Port(probe.TCP)
	own := []Port{{Protocol: probe.TCP, Container: port.Host}, {Protocol: probe.UDP, Container: port.Host}}
	datagrams := port
	datagrams.Protocol = probe.UDP
	other := t.Start(PodSpec{Ports: own})
	pod := t.Start(PodSpec{Ports: []Port{port, datagrams}})
	t.Answers(pod, port, Asks(probe.TCP, External)...)
	to := netip.AddrPortFrom(podAddress(other, 4), port.Host)
	t.gets("a client outside", false, t.Env.At(AtExternal), to, other.UID())
	t.gets("another node", false, t.Env.At(OnOther), to, other.UID())
	t.gets("a pod on another node", false, t.client(OtherPod), to, other.UID())
	t.Stop(pod)
	t.Stop(other)
}

// caught runs f, which has to fail the spec, and returns how it did.
func (t *T) caught(f func()) (v verdict) {
	defer func() {
		if r := recover(); r != nil {
			var ok bool
			if v, ok = r.(verdict); !ok {
				panic(r)
			}
		}
	}()
	f()
	return verdict{outcome: report.Pass}
}

func forwardDrop(t *T) {
	w := t.Open(nil)
	port := w.Port(probe.TCP)
	pod := w.Start(PodSpec{Ports: []Port{port}})
	w.Answers(pod, port, Asks(probe.TCP, External)...)
	w.shell("iptables -P FORWARD DROP", "")
	w.Answers(pod, port, Asks(probe.TCP, Localhost)...)
	v := w.caught(func() {
		w.once(pod, port, func(Ask) Want { return Want{Outcome: probe.Answered} }, Asks(probe.TCP, External)...)
	})
	if v.outcome != report.Fail || v.code != string(probe.Timeout) || !strings.Contains(v.hint, "FORWARD") {
		t.Fail("no-hint", "with a FORWARD policy DROP a client outside had to time out, with a hint to that policy; got %s (%s): %s", v.outcome, v.code, v.hint)
	}
	w.Stop(pod)
}

// flushes is how the firewall is emptied.
var flushes = map[string]string{
	cni.Iptables: "iptables -t nat -F",
	cni.Nftables: "nft flush table ip cni_hostport",
}

func flushed(t *T, backend string) {
	port := t.Port(probe.TCP)
	asks := Asks(probe.TCP, External, OwnNode)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, asks...)
	t.shell(flushes[backend], "")
	t.Sees(pod, port, refused, asks...)
	t.Stop(pod)
	next := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(next, port, asks...)
	t.Stop(next)
	t.Released(port, asks...)
}

// conditionOf restricts clients to the network of the external one, in the words of each firewall.
var conditionOf = map[string]string{cni.Iptables: `"-s",%q`, cni.Nftables: `"ip","saddr",%q`}

func conditions(t *T) {
	for _, world := range backendWorlds {
		t.named(world.name, func() {
			inside := netip.PrefixFrom(t.Env.Layout().External, 24).Masked().String()
			entry := strings.TrimSuffix(world.portmap, "}") + `,"conditionsV4":[` + fmt.Sprintf(conditionOf[world.name], inside) + `]}`
			w := t.Open(func(s *Setup) { s.Data, s.Facts.KubeProxyMode = Chain(PlainTerway, entry), world.kubeProxy })
			port := w.Port(probe.TCP)
			pod := w.Start(PodSpec{Ports: []Port{port}})
			w.Answers(pod, port, Asks(probe.TCP, External)...)
			w.Sees(pod, port, refused, Asks(probe.TCP, OtherNode, OwnNode)...)
			w.Stop(pod)
		})
	}
}

// reversePaths sets rp_filter of the node's first interface, and of all.
func reversePaths(t *T) {
	w := t.Open(nil)
	node, ok := w.Env.At(OnNode).(Tinkerer)
	if !ok {
		t.Inconclusive("transport", "the node cannot be changed")
	}
	port, first := w.Port(probe.TCP), w.linkOf(OnNode, w.Env.Layout().Node.Address)
	pod := w.Start(PodSpec{Ports: []Port{port}})
	asks := Asks(probe.TCP, External, OtherNode)
	for _, c := range []struct {
		link, value string
		passes      bool
	}{{first, "0", true}, {first, "1", false}, {first, "2", true}, {first, "0", true}, {"all", "1", false}} {
		t.Must(node.Change(t, probe.Change{Kind: probe.SetSysctl, Sysctl: "net/ipv4/conf/" + c.link + "/rp_filter", Value: c.value}))
		t.named("rp_filter "+c.value+" of "+c.link, func() {
			if c.passes {
				w.Answers(pod, port, asks...)
			} else {
				w.once(pod, port, timesOut, asks...)
			}
		})
	}
	w.Stop(pod)
}

// linkOf is the interface of a node that has an address.
func (t *T) linkOf(where Where, address netip.Addr) string {
	seen, err := t.Env.At(where).Look(t)
	t.Must(err)
	for _, a := range seen.Addresses {
		if a.Prefix.Addr() == address {
			return a.Link
		}
	}
	t.Inconclusive("harness", "no interface of the node has the address %s", address)
	return ""
}

func firewallBehind(t *T) {
	for _, world := range backendWorlds {
		t.named(world.name, func() {
			w := t.Open(func(s *Setup) {
				s.Data, s.Facts.KubeProxyMode = Chain(PlainTerway, world.portmap, `{"type":"firewall"}`), world.kubeProxy
			})
			w.Cycle(w.Port(probe.TCP), Asks(probe.TCP, External, SameNodePod, Localhost, Hairpin)...)
			w.Cycle(w.Port(probe.UDP), Asks(probe.UDP, External)...)
		})
	}
}
