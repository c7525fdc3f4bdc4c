// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/cni"
)

// hang is what no system call takes that fails at once, however busy the machine is.
const hang = time.Second

// finding is one reading of software in a pod. Expected "" is recorded only.
type finding struct {
	target, got, expected string
	// code of a failure, and the likely cause or what breaks.
	code, why string
}

// applicationSpecs are about what software in a pod without IPv6 sees.
var applicationSpecs = []Spec{
	application("LL-018", "software that lists interfaces finds IPv4 addresses only", Core,
		"This is what users complain of: software that takes a link-local address for the pod's own.", listed),
	{
		ID: "LL-019", Name: "software that binds :: serves IPv4 clients", Level: Core, For: WantNoIPv6, Needs: []Feature{IPv6}, Evidence: 1,
		Why: "Many servers listen on :: by default, and rely on the kernel to give them IPv4 clients, too. It does so without any IPv6 address, unless net.ipv6.bindv6only is set.",
		Run: (*T).servesAny,
	},
	application("LL-020", "software that binds ::1 is told at once that there is no such address", Core,
		"Software that is hard-wired to ::1 breaks, and must say so instead of hanging.", loopback),
	application("LL-021", "software that connects to an IPv6 address is told at once that there is no way", Core,
		"Clients try IPv6 first and fall back; each time-out on the way would be a delay of every connection.", connecting),
	application("LL-022", "names are resolved to addresses that work", Ext,
		"/etc/hosts of every pod has localhost under 127.0.0.1 and ::1. The C library and Go's resolver must put the one first that works; only who asks for IPv6 and nothing else gets ::1 alone.", resolved),
	application("LL-023", "software can make sockets of IPv6", Ext,
		"On a node that is booted with ipv6.disable=1 it cannot, which much software takes badly. The sysctls are the mild way.",
		func(a probe.Application) []finding {
			return []finding{{"a socket of IPv6", works(a.Socket6), "works", "no-socket", "programs that open one without asking first fail"}}
		}),
}

// application is a spec about readings of software.
func application(id, name string, level Level, why string, judge func(probe.Application) []finding) Spec {
	return Spec{
		ID: id, Name: name, Level: level, For: WantNoIPv6, Needs: []Feature{IPv6}, Evidence: 1, Why: why, Sources: []string{vendorPage},
		Run: func(t *T) {
			t.nowhere()
			t.software(judge)
		},
	}
}

// software starts a pod, reads it as software does, and judges that.
func (t *T) software(judge func(probe.Application) []finding) {
	pod := t.Start(PodSpec{})
	t.running(pod, podInterface)
	seen, err := pod.See(t)
	t.Must(err)
	for _, f := range judge(seen) {
		t.Read("pod", f.target, f.got, f.expected)
		t.judgeFinding("", f)
	}
	t.Stop(pod)
}

// judgeFinding ends the spec at a reading that is not as it has to be.
func (t *T) judgeFinding(where string, f finding) {
	if f.expected != "" && f.got != f.expected {
		t.FailHint(f.code, f.why, "%s%s: expected %s, got %s", where, f.target, f.expected, f.got)
	}
}

func listed(a probe.Application) []finding {
	f := finding{"addresses that software lists", orNone(ofIPv6(a.Interfaces.Addresses)), none, "has-ipv6", absentHints[""]}
	if a.Interfaces.Error != "" {
		f.got, f.code = a.Interfaces.Error, "no-list"
	}
	return []finding{f}
}

func ofIPv6(addresses []string) []string {
	return slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return !strings.Contains(a, ":") })
}

// works is the word for a call that had to work.
func works(a probe.Attempt) string {
	switch {
	case a.Took >= hang:
		return "hangs"
	case a.Errno != "":
		return a.Errno
	}
	return "works"
}

func servesAny(a probe.Application) []finding {
	return []finding{{"a server on ::", works(a.ListenAny), "works", "not-served", "servers that listen on :: lose their IPv4 clients"}}
}

// servesAny leaves it at that where the intent itself wants servers on :: to be for IPv6 only.
func (t *T) servesAny() {
	for key, value := range t.Intent.Sysctls {
		if path, _ := cni.SysctlPath(key, podInterface); path == "/proc/sys/net/ipv6/bindv6only" && sameNumbers("1", value) {
			t.NotApplicable("the intent asks for %s = %s, so servers on :: are for IPv6 only", key, value)
		}
	}
	t.nowhere()
	t.software(servesAny)
}

func loopback(a probe.Application) []finding {
	return []finding{{"bind ::1", works(a.BindLoopback6), "EADDRNOTAVAIL", "bind-loopback", "whoever can bind ::1 has IPv6 on lo, and whoever hangs does not fall back to 127.0.0.1"}}
}

// noWay are what the kernel says at once where there is no way to an IPv6 address.
var noWay = []string{"EADDRNOTAVAIL", "ENETUNREACH"}

func connecting(a probe.Application) []finding {
	f := finding{"connect to an IPv6 address", works(a.Connect6), noWay[0], "connects", "clients that try IPv6 first lose that time on every connection"}
	if slices.Contains(noWay, f.got) {
		f.expected = f.got
	}
	return []finding{f}
}

func resolved(a probe.Application) []finding {
	all := []finding{
		usable("localhost in Go", a.GoLocalhost), usable("localhost in C", a.LibcLocalhost), usable("localhost in C, of all families", a.LibcEverything),
		{target: "localhost in C, of IPv6 only", got: orNone(a.LibcLocalhost6.Addresses)},
	}
	if a.LibcLocalhost.Error == "" {
		all = append(all, finding{"IPv6 addresses for software that asks for those that this host can use", orNone(ofIPv6(a.LibcLocalhost.Addresses)), none, "resolves-ipv6", "AI_ADDRCONFIG leaves out families that the host has no address of"})
	}
	return all
}

// usable: the first address is one that works. A resolver that is not there tells nothing.
func usable(target string, l probe.Lookup) finding {
	f := finding{target: target, got: l.Error}
	if l.Error != "" {
		return f
	}
	f.expected, f.code, f.why = "usable", "unusable", "software that takes the first address fails, all other is slow"
	f.got = "usable"
	if len(l.Addresses) == 0 || slices.Contains(l.Unusable, l.Addresses[0]) || l.Took >= 5*hang {
		f.got = orNone(l.Addresses) + " after " + strconv.FormatFloat(l.Took.Seconds(), 'f', 1, 64) + " s"
	}
	return f
}
