// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/predict"
)

// podInterface is the name that the runtime gives the pod's interface.
const podInterface = "eth0"

// none is what was read where nothing is.
const none = "none"

func orNone(found []string) string {
	if len(found) == 0 {
		return none
	}
	return strings.Join(found, ", ")
}

// addresses6 are the IPv6 addresses of a link.
func addresses6(seen probe.Inspection, link string) []string {
	var all []string
	for _, a := range seen.Addresses {
		if a.Link == link && a.Prefix.Addr().Is6() {
			all = append(all, a.Prefix.String())
		}
	}
	return all
}

// inet6 are the addresses of /proc/net/if_inet6, each with its link.
func inet6(seen probe.Inspection) []string {
	var all []string
	for _, line := range seen.Inet6 {
		fields := strings.Fields(line)
		if bytes, err := hex.DecodeString(fields[0]); err == nil && len(bytes) == 16 {
			line = netip.AddrFrom16([16]byte(bytes)).String() + " of " + fields[len(fields)-1]
		}
		all = append(all, line)
	}
	return all
}

// of are the addresses that a change brought to the part of the pod that it is about.
func (l later) of(seen []probe.Sighting) []string {
	var all []string
	for _, s := range seen {
		if l.part != "later" && s.Link == l.part || l.part == "later" && strings.HasPrefix(s.Link, l.change.Link) {
			all = append(all, s.Prefix.String())
		}
	}
	return all
}

// absentHints by the part of the pod.
var absentHints = map[string]string{
	"":           "the keys net.ipv6.conf.all, default and lo of disable_ipv6 in an entry of tuning take IPv6 from a pod; all alone is enough",
	podInterface: "net.ipv6.conf.default.disable_ipv6 is for interfaces that come later, and eth0 is there already: it takes all, or IFNAME",
	"lo":         "lo needs net.ipv6.conf.lo.disable_ipv6, or all",
	"later":      "interfaces that come later follow net.ipv6.conf.default.disable_ipv6, or all",
}

// absent requires that a part of a pod ("" all, eth0, lo, later) has no IPv6 address. target is what the report
// calls it.
func (t *T) absent(part, target string, found []string) {
	want := none
	if t.Predict {
		want = t.predictedIPv6(part)
	}
	got := orNone(found)
	if want == string(predict.HasIPv6) && got != none {
		want = got
	}
	t.Read("pod", target, got, want)
	switch {
	case want == "" || got == want:
	case want == none:
		t.FailHint("has-ipv6", absentHints[part], "%s: expected no IPv6 address, got %s", target, got)
	default:
		t.Fail("no-ipv6", "%s: an IPv6 address was predicted, and there is none", target)
	}
}

// predictedIPv6 is what the model says of a part of a pod: none, has, or "" where it does not tell.
func (t *T) predictedIPv6(part string) string {
	p := t.world().IPv6()
	says := map[string]predict.Addresses{podInterface: p.Eth0, "lo": p.Lo, "later": p.Later}[part]
	if part == "" && p.Nowhere() || says == predict.NoIPv6 {
		return none
	}
	if says == predict.HasIPv6 || part == "" && (p.Eth0 == predict.HasIPv6 || p.Lo == predict.HasIPv6) {
		return string(predict.HasIPv6)
	}
	return ""
}

// nowhere ends the spec where something else is predicted than that no interface has an IPv6 address.
func (t *T) nowhere() {
	if t.Predict && !t.world().IPv6().Nowhere() {
		t.NotApplicable("it is not predicted that this chain takes IPv6 from pods")
	}
}

// absentAtFirst requires that eth0 had no IPv6 address while the pod was watched.
func (t *T) absentAtFirst(seen []probe.Sighting) {
	var found []string
	var first time.Duration
	for _, s := range seen {
		if s.Link == podInterface {
			if found == nil {
				first = s.After
			}
			found = append(found, s.Prefix.String())
		}
	}
	if late := first > firstWindow/3; late && !t.Predict {
		t.Read("pod", podInterface, orNone(found), none)
		t.FailHint("came-back", "somebody in the pod, or on the node, switches IPv6 on again", "eth0 got %s %.1f s after the pod's start: expected no IPv6 address", orNone(found), first.Seconds())
	}
	t.absent(podInterface, podInterface, found)
}

// empty requires that there is nothing.
func (t *T) empty(what string, found []string) {
	t.nowhere()
	t.Read("pod", what, orNone(found), none)
	if len(found) > 0 {
		t.FailHint("has-routes", absentHints[""], "%s: expected none, got %s", what, strings.Join(found, "; "))
	}
}

// disabled requires that the files which keep addresses away are set.
func (t *T) disabled() {
	t.nowhere()
	pod := t.Start(PodSpec{})
	seen := t.settled(pod, disableIPv6("all"), disableIPv6("default"), disableIPv6("lo"), disableIPv6(podInterface))
	t.Read("pod", "sysctl of all", seen.Sysctls[disableIPv6("all")], "")
	var got, want, wrong []string
	for _, name := range []string{podInterface, "lo", "default"} {
		value := seen.Sysctls[disableIPv6(name)]
		got = append(got, name+"="+value)
		if value == "0" || value == "" {
			wrong, value = append(wrong, name), "1"
		}
		want = append(want, name+"="+value)
	}
	t.Read("pod", "sysctls", strings.Join(got, " "), strings.Join(want, " "))
	if wrong != nil {
		t.FailHint("sysctl", absentHints[""], "disable_ipv6 of %s is 0: expected 1; got %s", strings.Join(wrong, " and "), strings.Join(got, ", "))
	}
	t.Stop(pod)
}

// disableIPv6 is the file of an interface, as a path, because names of interfaces can have dots.
func disableIPv6(name string) string { return "net/ipv6/conf/" + name + "/disable_ipv6" }

// settled is what a pod holds when its kernel has done what follows from an interface that is up: shortly after
// ADD it would have no address yet, whatever the chain says.
func (t *T) settled(pod Pod, sysctls ...string) probe.Inspection {
	t.running(pod, podInterface)
	seen, err := pod.Look(t, sysctls...)
	t.Must(err)
	return seen
}

// running waits until a link runs, or long enough.
func (t *T) running(pod Pod, link string) {
	for end := time.Now().Add(answerLimit); time.Now().Before(end); time.Sleep(glance) {
		seen, err := pod.Look(t)
		t.Must(err)
		if slices.ContainsFunc(seen.Links, func(l probe.Link) bool { return l.Name == link && l.Running }) {
			return
		}
	}
}

// glance is how often a link is looked at.
const glance = 5 * time.Millisecond

// change changes a pod.
func (t *T) change(pod Pod, c probe.Change) {
	tinkerer, ok := pod.(Tinkerer)
	if !ok {
		t.Inconclusive("harness", "pods of this environment cannot be changed")
	}
	t.Must(tinkerer.Change(t, c))
}

// ipv6State is what a node has of IPv6.
type ipv6State struct {
	links     []probe.Link
	addresses map[string][]string
	sysctls   map[string]string
}

// lookIPv6 reads a node's state, with the sysctls that a chain for pods could write by mistake.
func (t *T) lookIPv6() ipv6State {
	files := []string{disableIPv6("all"), disableIPv6("default"), disableIPv6("lo"), disableIPv6(podInterface)}
	for key := range t.Intent.Sysctls {
		files = append(files, sysctlFile(key))
	}
	seen, err := t.Env.At(OnNode).Look(t, files...)
	t.Must(err)
	s := ipv6State{links: seen.Links, addresses: map[string][]string{}, sysctls: seen.Sysctls}
	for _, l := range seen.Links {
		if found := addresses6(seen, l.Name); found != nil {
			s.addresses[l.Name] = found
		}
	}
	return s
}

// nodeIPv6 is the state of the node before a pod; without any address it would prove nothing.
func (t *T) nodeIPv6() ipv6State {
	state := t.lookIPv6()
	if len(state.addresses) == 0 {
		t.Inconclusive("node-without-ipv6", "the node has no IPv6 address even before the pod, so that it keeps them proves nothing; an earlier pod may have taken them")
	}
	return state
}

// keeps requires that the node has what it had; links that are gone were those of other pods.
func (t *T) keeps(before ipv6State) {
	after := t.lookIPv6()
	var lost []string
	for _, link := range slices.Sorted(maps.Keys(before.addresses)) {
		gone := !slices.ContainsFunc(after.links, func(l probe.Link) bool { return l.Name == link })
		for _, a := range before.addresses[link] {
			if !gone && !slices.Contains(after.addresses[link], a) {
				lost = append(lost, fmt.Sprintf("%s lost %s", link, a))
			}
		}
	}
	t.Read("node", "lost IPv6 addresses", orNone(lost), none)
	var changed []string
	for _, file := range slices.Sorted(maps.Keys(before.sysctls)) {
		if now := after.sysctls[file]; now != "" && now != before.sysctls[file] {
			changed = append(changed, fmt.Sprintf("%s became %s", file, now))
		}
	}
	t.Read("node", "changed sysctls", orNone(changed), none)
	if all := append(lost, changed...); len(all) > 0 {
		t.FailHint("node-changed", "tuning writes in the namespace that the runtime names: is the pod one on the node's network, or does another program write?", "the node did not keep its IPv6: %s", strings.Join(all, "; "))
	}
}

// nodeEnd records the addresses of the node's end of a pod's interface.
func (t *T) nodeEnd() {
	pod := t.Start(PodSpec{})
	end := t.otherEnd(pod)
	t.running(pod, podInterface) // both ends have a carrier, or none
	seen, err := t.Env.At(OnNode).Look(t)
	t.Must(err)
	i := slices.IndexFunc(seen.Links, func(l probe.Link) bool { return end > 0 && l.Index == end })
	if i < 0 {
		t.NotApplicable("the pod's interface has no other end on the node")
	}
	t.Read("node", "the node's end of the pod's interface", orNone(addresses6(seen, seen.Links[i].Name)), "")
	t.Stop(pod)
}

// otherEnd is the number of the other end of a pod's interface on the node, 0 for none.
func (t *T) otherEnd(pod Pod) int {
	seen, err := pod.Look(t)
	t.Must(err)
	for _, l := range seen.Links {
		if l.Name == podInterface {
			return l.Peer
		}
	}
	return 0
}
