// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
)

const (
	tuningSource = "containernetworking/plugins:plugins/meta/tuning/tuning.go"
	kernelSource = "linux:net/ipv6/addrconf.c (addrconf_disable_ipv6)"
)

// Windows in which nothing may happen.
const (
	// firstWindow begins with the pod: an address that the kernel confirms late comes after about 1.5 s.
	firstWindow = 3 * time.Second
	// changeWindow begins when a changed link runs: that is when the kernel gives it addresses.
	changeWindow = 300 * time.Millisecond
)

// linkLocalSpecs are about addresses of IPv6 that no pod may have.
var linkLocalSpecs = []Spec{
	{
		ID: "LL-001", Name: "eth0 has no IPv6 address from the first instant and for three seconds after", Level: Core, For: WantNoIPv6, Needs: []Feature{IPv6}, Evidence: 1,
		Why:     "Software that starts early takes a link-local address for the pod's own, one that is still being confirmed, too. The pod looks for addresses all the time, from before anything else runs in it.",
		Sources: []string{vendorPage, kernelSource},
		Run: func(t *T) {
			pod := t.Start(PodSpec{Watch: firstWindow})
			seen, err := pod.Watched(t)
			t.Must(err)
			t.absentAtFirst(seen)
			t.Stop(pod)
		},
	},
	absence("LL-002", "/proc/net/if_inet6 is empty", "One read shows all interfaces of a pod.",
		func(t *T, seen probe.Inspection) { t.absent("", "if_inet6", inet6(seen)) }),
	absence("LL-003", "lo has no ::1", "Software that lists interfaces finds ::1, too. The page's third key, or all, takes it away; what is hard-wired to ::1 breaks then.",
		func(t *T, seen probe.Inspection) { t.absent("lo", "lo", addresses6(seen, "lo")) }),
	{
		ID: "LL-004", Name: "disable_ipv6 is set for eth0, lo and interfaces to come", Level: Core, For: WantNoIPv6, Needs: []Feature{IPv6}, Evidence: 2,
		Why:     "It shows that tuning did it, and not that there was nothing to switch off. The file of all is recorded only: the kernel hands on what is written there, and reads it nowhere.",
		Sources: []string{tuningSource, kernelSource},
		Run:     (*T).disabled,
	},
	absence("LL-005", "there is no IPv6 route and no IPv6 neighbour", "What is left of them would take packets for IPv6 to nowhere slowly, where they have to fail at once.",
		func(t *T, seen probe.Inspection) {
			t.empty("IPv6 routes", seen.Routes6)
			t.empty("IPv6 neighbours", seen.Neighbors6)
		}),
	afterwards("LL-006", "no address comes when eth0 goes down and up", "The kernel gives addresses anew whenever a link comes up. Addresses that were only removed come back.",
		later{"eth0", "after flap", probe.Change{Kind: probe.Flap, Link: podInterface}}),
	afterwards("LL-007", "no address comes when lo goes down and up", "As LL-006, for ::1.",
		later{"lo", "after flap", probe.Change{Kind: probe.Flap, Link: "lo"}}),
	afterwards("LL-008", "an interface that comes later has no address", "Second networks (Multus) add interfaces to a pod that runs. They follow the page's second key, or all.",
		later{"later", "later interface", probe.Change{Kind: probe.AddLink, Link: "net1"}}),
	afterwards("LL-009", "no address comes with another MAC address, nor after addresses are flushed", "Virtual addresses are made of the MAC address, and network tools flush before they set anew.",
		later{"eth0", "after a new MAC address", probe.Change{Kind: probe.SetMAC, Link: podInterface}},
		later{"eth0", "after a flush", probe.Change{Kind: probe.FlushAddresses6, Link: podInterface}}),
	{
		ID: "LL-012", Name: "the node, and so pods on its network, keep their IPv6 addresses and sysctls", Level: Core, For: WantNoIPv6, Needs: []Feature{IPv6}, Evidence: 2,
		Why: "The sysctls are meant for pods. Written on the node they take IPv6 from everybody there.",
		Run: func(t *T) {
			before := t.nodeIPv6()
			pod := t.Start(PodSpec{})
			t.keeps(before)
			t.Stop(pod)
		},
	},
	{
		ID: "LL-014", Name: "the node's end of a pod's interface may have a link-local address, which is recorded", Level: Ext, For: WantNoIPv6, Evidence: 1,
		Why: "It is the node's, not the pod's: a sight of fe80:: there is no false alarm about the pod.",
		Run: (*T).nodeEnd,
	},
	{
		ID: "LL-031", Name: "a pod whose sysctls were written is deleted, and the node keeps its own", Level: Core, For: WantNoIPv6, Needs: []Feature{IPv6}, Evidence: 2,
		Why:     "tuning keeps no copy of sysctls and writes none back: the namespace ends, and they with it. A DEL that fails is tried for ever.",
		Sources: []string{tuningSource},
		Run: func(t *T) {
			before := t.nodeIPv6()
			pod := t.Start(PodSpec{})
			t.Stop(pod)
			t.phase = "released"
			t.keeps(before)
		},
	},
}

// absence is a spec about one look into a pod.
func absence(id, name, why string, judge func(*T, probe.Inspection)) Spec {
	return Spec{
		ID: id, Name: name, Level: Core, For: WantNoIPv6, Needs: []Feature{IPv6}, Evidence: 1, Why: why, Sources: []string{vendorPage},
		Run: func(t *T) {
			pod := t.Start(PodSpec{})
			judge(t, t.settled(pod))
			t.Stop(pod)
		},
	}
}

// later is a change of a pod, the part of it whose addresses matter then, and what the report calls that.
type later struct {
	part, target string
	change       probe.Change
}

// afterwards is a spec about changes of a pod that bring addresses back where they are only hidden.
func afterwards(id, name, why string, changes ...later) Spec {
	return Spec{
		ID: id, Name: name, Level: Ext, For: WantNoIPv6, Needs: []Feature{IPv6, NetAdmin}, Evidence: len(changes), Why: why, Sources: []string{kernelSource},
		Run: func(t *T) {
			pod := t.Start(PodSpec{}) // of its own: routes are lost with a link
			for _, l := range changes {
				t.change(pod, l.change)
				t.running(pod, l.change.Link)
				seen, err := pod.Watch(t, changeWindow)
				t.Must(err)
				t.absent(l.part, l.target, l.of(seen))
			}
			t.Stop(pod)
		},
	}
}
