// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

// ipv6Specs are about clusters whose pods have IPv6 addresses, too, and nodes that have them alone.
var ipv6Specs = []Spec{
	{
		ID: "V6-001", Name: "on dual stack a host port answers over IPv6, from every vantage", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts, DualStack}, Evidence: 30,
		Why:     "As HP-001 to HP-005, HP-008, HP-011 and the same for UDP. IPv6 has rules of its own, which may be missing where those of IPv4 are right.",
		Sources: []string{portmapReadme},
		Run: func(t *T) {
			t.reach6(probe.TCP)
			t.reach6(probe.UDP)
		},
	},
	{
		ID: "V6-002", Name: "a host port at [::1] answers clients that are bound to the node's address, and no others", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, DualStack}, Evidence: 4,
		Why:     "IPv6 has nothing like route_localnet: a packet from ::1 never leaves the loopback interface. Known, and asserted, so that a change is noticed.",
		Sources: []string{"kubernetes/kubernetes:test/e2e/network/hostport.go", portmapReadme},
		Run:     loopback6,
	},
	{
		ID: "V6-003", Name: "a pod without IPv6 leaves its host port closed at the node's IPv6 address", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 5,
		Why:     "Nodes often have IPv6 where pods have none. A rule that leads nowhere makes clients wait, where refused makes them try IPv4 at once.",
		Sources: []string{"containernetworking/plugins#378"},
		Run:     withoutIPv6,
	},
	{
		ID: "V6-004", Name: "a host port at 0.0.0.0 is at no IPv6 address, one at :: at no IPv4 address, and one without an address at both", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, DualStack}, Evidence: 18,
		Why:     "As HP-040 and HP-046, where both families are there.",
		Sources: []string{"containernetworking/plugins#378"},
		Run:     unspecifiedHostIPs,
	},
	{
		ID: "V6-005", Name: "masqAll does to IPv6 what it does to IPv4: everything with iptables, and with nftables nothing", Level: Ext, Own: true, Needs: []Feature{OwnChain, HostPorts}, Evidence: 24,
		Why:     "One setting, two families, two firewalls: what holds for three of them is easily taken to hold for the fourth.",
		Sources: []string{"containernetworking/plugins#772", "containernetworking/plugins#1235"},
		Run:     masqueradeAll6,
	},
	{
		ID: "V6-006", Name: "a host port answers over IPv6 as soon as the pod runs", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, DualStack}, Evidence: 2,
		Why: "An address that is still checked for duplicates answers nobody, for more than a second: then the pod is announced before it can be reached. When the first answer came is recorded.",
		Run: firstAnswer6,
	},
	{
		ID: "V6-007", Name: "a pod has every address that the CNI result names, and answers there", Level: Core, For: WantDualStack, Needs: []Feature{DualStack}, Evidence: 4,
		Why:     "The sysctls that keep link-local addresses from pods take the others, too. Kubernetes goes on to publish the address, Services send half of their clients there, and those get no answer.",
		Sources: []string{vendorPage, "aws/amazon-vpc-cni-k8s#2499"},
		Run:     namedAddresses,
	},
	{
		ID: "V6-008", Name: "a host port at the node's link-local address answers nobody who asks by his own", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, DualStack}, Evidence: 2,
		Why: "The node would have to forward a packet from a link-local address, which no router may. Known, and asserted: the client is told so, or waits.",
		Run: linkLocalTarget,
	},
}

// inIPv6 asks the same over IPv6.
func inIPv6(asks []Ask) []Ask {
	asks = slices.Clone(asks)
	for i := range asks {
		asks[i].Family = 6
	}
	return asks
}

// reach6 is closed, open, closed over IPv6. Pods ask while the pod runs only: where the chain takes their addresses,
// the fault is not that the port was not closed.
func (t *T) reach6(protocol string) {
	port := t.Port(protocol)
	outside := inIPv6(Asks(protocol, External, OtherNode, OwnNode))
	t.Closed(port, outside...)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, append(outside, inIPv6(Asks(protocol, Direct))...)...)
	if !t.goneAsPredicted() {
		t.Answers(pod, port, inIPv6(Asks(protocol, OtherPod, SameNodePod, Hairpin))...)
	}
	t.Stop(pod)
	t.Released(port, outside...)
}

// goneAsPredicted: the suite itself is tested, and pods have lost their IPv6 addresses, or may have.
func (t *T) goneAsPredicted() bool {
	return t.Predict && t.world().IPv6().Advertised != predict.No
}

func loopback6(t *T) {
	port := t.Port(probe.TCP)
	plain := Ask{From: Localhost, Protocol: probe.TCP, Family: 6}
	bound := plain
	bound.Shape.From = netip.AddrPortFrom(t.Env.Layout().Node.Address6, 0)
	t.Closed(port, plain, bound)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, bound)
	t.once(pod, port, func(a Ask) Want {
		if t.Predict {
			return t.want(a, port, pod)
		}
		return Want{Outcome: probe.Timeout}
	}, plain)
	t.Stop(pod)
	t.Released(port, plain, bound)
}

func withoutIPv6(t *T) {
	if t.missing(DualStack) == "" {
		t.NotApplicable("all pods of this cluster have IPv6 addresses")
	}
	if !t.Env.Layout().Node.Address6.IsValid() || t.Setup.Facts.Node.IPv6 == terway.IPv6Disabled {
		t.NotApplicable("the nodes have no IPv6 address")
	}
	port := t.Port(probe.TCP)
	asks := inIPv6(Asks(probe.TCP, External, OwnNode))
	t.Closed(port, asks...)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, Asks(probe.TCP, External)...)
	t.Sees(pod, port, refused, asks...)
	if t.missing(Rules) == "" {
		t.noRules6(port)
	}
	t.Stop(pod)
}

// noRules6 requires that the firewall of IPv6 has nothing about a port.
func (t *T) noRules6(port Port) {
	for _, rule := range t.rules() {
		six := strings.HasPrefix(rule, "ip6tables ") || strings.HasPrefix(rule, "nft ip6 ")
		if six && slices.Contains(strings.Fields(rule), strconv.Itoa(int(port.Host))) {
			t.Fail("stray-rule", "the pod has no IPv6 address, and a rule of IPv6 leads to it: %s", rule)
		}
	}
	t.Read("node", fmt.Sprintf("rules of IPv6 about port %d", port.Host), "0", "0")
}

func unspecifiedHostIPs(t *T) {
	for _, hostIP := range []string{"", "0.0.0.0", "::"} {
		port := t.Port(probe.TCP)
		port.HostIP = hostIP
		asks := Asks(probe.TCP, External)
		asks = append(asks, inIPv6(asks)...)
		t.Closed(port, asks...)
		pod := t.Start(PodSpec{Ports: []Port{port}})
		t.Sees(pod, port, func(a Ask) Want {
			if hostIP == "0.0.0.0" && a.Family == 6 || hostIP == "::" && a.Family != 6 {
				return Want{Outcome: probe.Refused, Why: "the port is bound to " + hostIP}
			}
			return t.want(a, port, pod)
		}, asks...)
		t.Stop(pod)
		t.Released(port, asks...)
	}
}

func masqueradeAll6(t *T) {
	classes := map[string]string{`"iptables"`: FromNode, `"nftables"`: Preserved}
	for backend, class := range classes {
		t.named(backend, func() {
			entry := `{"type":"portmap","capabilities":{"portMappings":true},"masqAll":true,"backend":` + backend + `}`
			w := t.Open(func(s *Setup) { s.Data, s.Facts.IPStack = Chain(PlainTerway, entry), terway.IPStackDual })
			if why := w.missing(DualStack); why != "" {
				t.NotApplicable("%s", why)
			}
			port := w.Port(probe.TCP)
			pod := w.Start(PodSpec{Ports: []Port{port}})
			asks := Asks(probe.TCP, External, OtherNode)
			w.Sees(pod, port, func(Ask) Want { return Want{Outcome: probe.Answered, Class: class} }, append(asks, inIPv6(asks)...)...)
			w.Stop(pod)
		})
	}
}

func firstAnswer6(t *T) {
	port := t.Port(probe.TCP)
	a := Ask{From: External, Protocol: probe.TCP, Family: 6}
	pod := t.Start(PodSpec{Ports: []Port{port}})
	for _, r := range t.AskOnce(port, pod, a) {
		if r.Outcome == "" {
			continue
		}
		want := t.want(a, port, pod)
		if got := t.outcome(r, pod); want.Outcome != "" && got != want.Outcome {
			t.Fail(string(got), "%s to %s, as soon as the pod runs: expected %s, got %s (%s)", a, r.To, want.Outcome, got, r.Error)
		}
		t.Read("external", "first answer over IPv6", strconv.FormatInt(r.Took.Milliseconds(), 10)+" ms", "")
	}
	t.Stop(pod)
}

func namedAddresses(t *T) {
	port := Port{Protocol: probe.TCP, Container: t.nextPort()}
	pod := t.Start(PodSpec{Ports: []Port{port}})
	seen, err := pod.Look(t)
	t.Must(err)
	for _, ip := range pod.IPs() {
		there := slices.ContainsFunc(seen.Addresses, func(a probe.Address) bool { return a.Prefix.Addr() == ip })
		gone := ip.Is6() && t.goneAsPredicted()
		t.Observe(report.Observation{Phase: "open", Vantage: "pod", Target: ip.String(), Got: presence[there], Expected: presence[!gone]})
		if !there && !gone {
			t.FailHint("address-gone", goneHint, "the CNI result names %s, and no interface of the pod has it: Kubernetes publishes the address, and nobody is there", ip)
		}
	}
	t.Answers(pod, port, Asks(probe.TCP, Direct)[0], Ask{From: Direct, Protocol: probe.TCP, Family: 6})
	t.Stop(pod)
}

const goneHint = "does tuning switch IPv6 off (disable_ipv6)? On dual stack that takes the pods' own addresses, too: leave it out, or give the cluster IPv4 only"

var presence = map[bool]string{true: "there", false: "gone"}

// linkLocalTarget asks from another node, which is in the network of the node's first interface.
func linkLocalTarget(t *T) {
	to, ok := t.linkLocal(OnNode, t.Env.Layout().Node.Address6)
	from, near := t.linkLocal(OnOther, t.Env.Layout().Other.Address6)
	if !ok || !near {
		t.NotApplicable("the nodes have no link-local addresses")
	}
	port := t.Port(probe.TCP)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, Ask{From: External, Protocol: probe.TCP, Family: 6})
	request := probe.Request{Protocol: probe.TCP, To: netip.AddrPortFrom(to.WithZone(from.Zone()), port.Host), Limit: silence}
	results, err := t.Env.At(OnOther).Probe(t, request)
	t.Must(err)
	for _, r := range results {
		t.Observe(report.Observation{Phase: "open", Vantage: string(OtherNode), Protocol: probe.TCP, Family: 6, Target: request.To.String(), Got: string(r.Outcome)})
		if r.Outcome == probe.Answered {
			t.Fail("answered", "%s answered, and it was predicted that no client does that asks by its link-local address", request.To)
		}
	}
	t.Stop(pod)
}

// linkLocal is the link-local address of a node on the interface that has its address, with the interface as its
// zone.
func (t *T) linkLocal(where Where, address netip.Addr) (netip.Addr, bool) {
	link := t.linkOf(where, address)
	seen, err := t.Env.At(where).Look(t)
	t.Must(err)
	for _, a := range seen.Addresses {
		if a.Link == link && a.Scope == "link" && a.Prefix.Addr().Is6() {
			return a.Prefix.Addr().WithZone(link), true
		}
	}
	return netip.Addr{}, false
}
