// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

// packetWindow is how long the packets of a new pod are collected: its kernel would say everything once within
// two seconds.
const packetWindow = 3 * time.Second

// limitSpecs are about where the absence of IPv6 ends, and where it cannot be had.
var limitSpecs = []Spec{
	{
		ID: "LL-010", Name: "the IPv6 packets that leave a pod before tuning has run are recorded", Level: Ext, For: WantNoIPv6, Needs: []Feature{IPv6, Packets}, Evidence: 1,
		Why:     "The interface is up before tuning writes: the kernel may announce itself once (MLD, duplicate address detection). That is no failure, and good to know where switches count such packets.",
		Sources: []string{"containernetworking/plugins#1075"},
		Run:     (*T).packets,
	},
	{
		ID: "LL-013", Name: "a pod from before the chain is left alone: its addresses and sysctls stay as they were", Level: Core, Own: true, Needs: []Feature{OwnChain, Rollout, IPv6}, Evidence: 3,
		Why:     "A chain is run for the pod that starts. What it writes in another one's namespace would take addresses from software that runs.",
		Sources: []string{tuningSource},
		Run:     olderIPv6,
	},
	{
		ID: "LL-026", Name: "every address in the CNI result is one of the pod's", Level: Core, For: WantDualStack, Needs: []Feature{DualStack, IPv6}, Evidence: 2,
		Why:     "On dual stack, disable_ipv6 takes the pod's IPv6 address away, and the CNI result still has it: Kubernetes publishes an address at which nobody is, and host ports of IPv6 lead there.",
		Sources: []string{tuningSource},
		Run:     (*T).hasItsAddresses,
	},
	{
		ID: "LL-027", Name: "on a node that is booted without IPv6 no pod starts, and the reason is told", Level: Ext, Own: true, Needs: []Feature{OwnChain}, Evidence: 3,
		Why: "The files of disable_ipv6 are not there, and tuning cannot be told to pass over that. Every pod fails, for want of something that it does not have anyway.",
		Run: func(t *T) {
			t.failsToStart("ipv6.disable=1", []string{"net/ipv6/conf/", "no such file or directory"}, func(s *Setup) { s.Facts.Node.IPv6 = terway.IPv6Disabled })
		},
	},
	{
		ID: "LL-028", Name: "an allow-list on the node that does not name the keys keeps pods from starting, and the reason is told", Level: Ext, Own: true, Cluster: true, Needs: []Feature{OwnChain}, Evidence: 4,
		Why: "/etc/cni/tuning/allowlist.conf is the node's, and tuning fails on each key that no line of it matches.",
		Run: func(t *T) {
			list := func(lines ...string) func(*Setup) {
				return func(s *Setup) { s.Facts.Node.TuningAllowlist = &terway.Allowlist{Present: true, Lines: lines} }
			}
			t.failsToStart("allowlist.conf", []string{"net.ipv6.conf.", "is not allowed"}, list(`^net\.ipv4\.`))
			named := t.Open(list(`^net\.ipv6\.conf\..*\.disable_ipv6$`))
			pod := named.Start(PodSpec{})
			named.Read("pod", "addresses", addressWords(pod), "")
			named.Stop(pod)
		},
	},
	{
		ID: "LL-029", Name: "a container with NET_ADMIN can switch IPv6 on again, which is recorded", Level: Ext, For: WantNoIPv6, Needs: []Feature{IPv6, NetAdmin}, Evidence: 1,
		Why: "The sysctls are set, not locked. That is a limit of the way, and not of the chain.",
		Run: func(t *T) {
			pod := t.Start(PodSpec{})
			t.change(pod, probe.Change{Kind: probe.EnableIPv6, Link: podInterface})
			seen, err := pod.Look(t)
			t.Must(err)
			t.Read("pod", "eth0 after NET_ADMIN switched IPv6 on", orNone(addresses6(seen, podInterface)), "")
			t.Stop(pod)
		},
	},
	{
		ID: "LL-032", Name: "pods of two lists, one with tuning and one without, do not disturb each other", Level: Ext, Own: true, Needs: []Feature{OwnChain, IPv6, CNICalls}, Evidence: 2,
		Why: "Sysctls that were written in the wrong namespace would show in the pod beside it.",
		Run: func(t *T) { t.Open(nil).sideBySide() },
	},
}

func olderIPv6(t *T) {
	o := t.Open(func(s *Setup) { s.Data = Chain(PlainTerway) })
	old := o.Start(PodSpec{})
	state := func() string {
		seen := o.settled(old, allIPv6, loIPv6)
		return fmt.Sprintf("%s; all %s, lo %s", orNone(inet6(seen)), seen.Sysctls[allIPv6], seen.Sysctls[loIPv6])
	}
	before := state()
	o.Read("pod from before", "IPv6", before, "")
	o.roll(Chain(PlainTerway, NoLinkLocal))
	next := o.Start(PodSpec{})
	o.absent("", "a pod after the rollout", inet6(o.settled(next)))
	after := state()
	o.Read("pod from before", "IPv6, after another pod went through the chain", after, before)
	if after != before {
		o.Fail("changed", "the IPv6 of a pod from before the rollout was %q, and is %q", before, after)
	}
	o.Stop(next)
	o.Stop(old)
}

func (t *T) packets() {
	node, ok := t.Env.At(OnNode).(Sniffer)
	if !ok {
		t.Inconclusive("harness", "packets cannot be seen on this node")
	}
	collect, err := node.Capture(t, packetWindow)
	t.Must(err)
	pod := t.Start(PodSpec{})
	end := t.otherEnd(pod)
	all, err := collect()
	t.Must(err)
	kinds := map[string]bool{}
	for _, p := range all {
		if p.Link == end {
			kinds[p.Kind] = true
		}
	}
	t.Read("pod", "IPv6 packets that left", orNone(slices.Sorted(maps.Keys(kinds))), "")
	t.Stop(pod)
}

func (t *T) hasItsAddresses() {
	pod := t.Start(PodSpec{})
	seen, err := pod.Look(t)
	t.Must(err)
	for _, ip := range pod.IPs() {
		got := "there"
		if !slices.ContainsFunc(seen.Addresses, func(a probe.Address) bool { return a.Prefix.Addr() == ip }) {
			got = "gone"
		}
		want := t.wantAddress(ip)
		t.Read("pod", familyWord(ip)+" address of the CNI result", got, want)
		if want != "" && got != want {
			t.FailHint("address-gone", "disable_ipv6 and dual stack contradict each other: leave the sysctls out, or run the cluster with IPv4 alone", "the CNI result gives the pod %s, which Kubernetes publishes: expected it to be %s, and it is %s", ip, want, got)
		}
	}
	t.Stop(pod)
}

// wantAddress is whether the pod must have an address of the CNI result; "" where the prediction does not tell.
func (t *T) wantAddress(ip netip.Addr) string {
	if !t.Predict || ip.Is4() {
		return "there"
	}
	return map[string]string{none: "gone", string(predict.HasIPv6): "there"}[t.predictedIPv6(podInterface)]
}

func familyWord(ip netip.Addr) string {
	if ip.Is6() {
		return "IPv6"
	}
	return "IPv4"
}

// failsToStart requires that no pod starts in a world, and that message and hint say why.
func (t *T) failsToStart(hint string, words []string, change func(*Setup)) {
	other := t.Open(change)
	_, err := other.TryStart(PodSpec{})
	var start *StartError
	if err == nil || !errors.As(err, &start) {
		t.Fail("starts", "a pod was expected not to start for want of a sysctl: %v", err)
	}
	if start.Excuse != "" {
		t.Inconclusive("excused", "%s", start.Excuse)
	}
	t.Read("node", "plugin that fails", start.Plugin, "tuning")
	t.Read("node", "what it says", start.Error(), "")
	t.Read("node", "hint", start.Hint(), "")
	for _, w := range words {
		if !strings.Contains(start.Error(), w) {
			t.Fail("other-reason", "expected the message to have %q: %v", w, start)
		}
	}
	if start.Plugin != "tuning" || !strings.Contains(start.Hint(), hint) {
		t.Fail("no-hint", "expected tuning to fail, and a hint with %q: %s, %q", hint, start.Plugin, start.Hint())
	}
}

// sideBySide starts a pod of the environment's list and one of Terway's plugin alone, both at once.
func (t *T) sideBySide() {
	specs := []PodSpec{{}, {Data: Chain(PlainTerway)}}
	pods, failed := make([]Pod, len(specs)), make(chan error, len(specs))
	ctx, cancel := context.WithTimeout(t, startLimit)
	defer cancel()
	for i := range specs {
		go func() {
			var err error
			pods[i], err = t.Env.Start(ctx, specs[i])
			failed <- err
		}()
	}
	err := errors.Join(<-failed, <-failed)
	for _, p := range pods {
		if p != nil {
			t.Cleanup(func() { _ = p.Stop(context.WithoutCancel(t)) })
		}
	}
	if err != nil {
		t.notStarted(err)
	}
	t.absent("", "the pod with tuning", inet6(t.settled(pods[0])))
	bare := t.settled(pods[1])
	t.Read("pod", "the pod without tuning", orNone(addresses6(bare, podInterface)), "")
	if len(addresses6(bare, podInterface)) == 0 {
		t.Fail("no-ipv6", "the pod without tuning has no IPv6 address: the sysctls of the other one were written there")
	}
}
