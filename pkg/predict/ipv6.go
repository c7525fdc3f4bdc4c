// SPDX-License-Identifier: Apache-2.0

package predict

import (
	"slices"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
)

// Addresses is whether an interface of a pod has IPv6 addresses.
type Addresses string

// What an interface may have; "" is that nobody knows.
const (
	HasIPv6     Addresses = "has"
	NoIPv6      Addresses = "none"
	DiffersIPv6 Addresses = "differs"     // from pod to pod
	PodsFail    Addresses = "start-fails" // no pod starts
)

// IPv6 is what programs in a pod see. That the kernel gives addresses to interfaces that nobody keeps from them is
// taken for granted.
type IPv6 struct {
	// Eth0 and Lo are there when the pod starts, Later stands for interfaces that come later.
	Eth0, Lo, Later Addresses
	// Advertised: the CNI result names an IPv6 address that some pod does not have.
	Advertised Tri
	// Why is one sentence with the cause, without a full stop; Needs are the facts without which nobody can tell.
	Why   string
	Needs []string
}

// Nowhere tells whether no interface has an address.
func (s IPv6) Nowhere() bool { return s.Eth0 == NoIPv6 && s.Lo == NoIPv6 && s.Later == NoIPv6 }

func (s IPv6) merge(other IPv6, fact string) IPv6 {
	out := IPv6{Eth0: same(s.Eth0, other.Eth0), Lo: same(s.Lo, other.Lo), Later: same(s.Later, other.Later), Advertised: same(s.Advertised, other.Advertised)}
	out.Needs = needs(s.Needs, other.Needs)
	if s.Eth0 != other.Eth0 || s.Lo != other.Lo || s.Later != other.Later || s.Advertised != other.Advertised {
		out.Needs = needs(out.Needs, []string{fact})
	}
	if out.Why = either(s.Why, other.Why); len(out.Needs) > 0 {
		out.Why = dependsOn(out.Needs)
	}
	return out
}

// same is what both are, "" where they differ.
func same[T ~string](a, b T) T {
	if a == b {
		return a
	}
	return ""
}

// The files of disable_ipv6 that an interface listens to, beside that of all.
const (
	onEth0  = podInterface
	onLo    = "lo"
	onLater = "default"
)

// IPv6 is whether pods have IPv6 addresses.
func (w World) IPv6() IPv6 {
	return settle(question{World: w}, func(q *question) IPv6 {
		if why := q.failsAll(); why != "" {
			return IPv6{Eth0: PodsFail, Lo: PodsFail, Later: PodsFail, Advertised: No, Why: why}
		}
		s := IPv6{Eth0: q.ipv6Of(onEth0), Lo: q.ipv6Of(onLo), Later: q.ipv6Of(onLater), Advertised: No, Why: "nothing keeps IPv6 from the pod"}
		switch {
		case !q.nodeIPv6():
			s.Why = "the node is booted without IPv6"
		case s.Nowhere():
			s.Why = "tuning switches IPv6 off on all interfaces"
		case s.Eth0 == DiffersIPv6, s.Lo == DiffersIPv6, s.Later == DiffersIPv6:
			s.Why = "tuning writes its sysctls in random order, and they disagree"
		case s.Eth0 == NoIPv6, s.Lo == NoIPv6, s.Later == NoIPv6:
			s.Why = "tuning switches IPv6 off on some interfaces only"
		case s.Later == "":
			s.Why = "addr_gen_mode decides about interfaces that come later"
		}
		if s.Eth0 != HasIPv6 && q.dual() {
			s.Advertised = Yes
			if !q.nodeIPv6() {
				s.Advertised = Unknown // whether Terway starts pods with IPv6 there is not known
			}
		}
		return s
	})
}

// ipv6Of is the state of an interface after all entries of tuning. An entry writes in random order, so that each
// of its writes that reach the interface may be the last.
func (q *question) ipv6Of(name string) Addresses {
	if !q.nodeIPv6() {
		return NoIPv6
	}
	on, off := true, false
	for _, t := range q.Tuning {
		entryOn, entryOff := t.writes(name)
		if entryOn || entryOff {
			on, off = entryOn, entryOff
		}
	}
	switch {
	case on && off:
		return DiffersIPv6
	case off:
		return NoIPv6
	case name == onLater && q.generatesNone():
		return ""
	}
	return HasIPv6
}

// writes tells which values reach an interface.
func (t Tuning) writes(name string) (on, off bool) {
	for _, s := range t.Sysctls {
		at, ok := cni.DisableIPv6(s.Path)
		if !ok || s.Value == "" || at != name && at != "all" {
			continue
		}
		on, off = on || !s.Off(), off || s.Off()
	}
	return on, off
}

// Off tells whether a sysctl's value, a number, is not zero: that switches off what disable_ipv6 is about. An
// empty value is not written.
func (s Sysctl) Off() bool {
	n, err := strconv.ParseInt(strings.Trim(s.Value, " \t\n"), 0, 64)
	return s.Value != "" && (err != nil || n != 0)
}

// generators are the files that decide whether later interfaces get a link-local address.
var generators = []string{"/proc/sys/net/ipv6/conf/default/addr_gen_mode", "/proc/sys/net/ipv6/conf/all/addr_gen_mode"}

// generatesNone: addr_gen_mode of all or default counts for interfaces that come later (run: those that are there
// keep their addresses).
func (q *question) generatesNone() bool {
	for _, t := range q.Tuning {
		for _, s := range t.Sysctls {
			if s.Value != "" && slices.Contains(generators, s.Path) {
				return true
			}
		}
	}
	return false
}
