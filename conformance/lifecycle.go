// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	_ "embed"
	"strconv"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
)

//go:embed orphans.sh
var orphansScript string

const (
	portmapSource    = "containernetworking/plugins:plugins/meta/portmap"
	containerdSource = "containerd/containerd:internal/cri/server/sandbox_stop.go"
)

// lifecycleSpecs are about what ADD makes and DEL removes.
var lifecycleSpecs = []Spec{
	{
		ID: "LIF-001", Name: "a host port is refused within three seconds after its pod is gone", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 14,
		Why: "A rule that stays behind leads clients to nobody, who then wait instead of trying elsewhere, and it takes the port from the next pod. Refused, and not silence, is the proof that no rule is left.",
		Run: func(t *T) { t.releases(func(pod Pod) { t.Stop(pod) }) },
	},
	{
		ID: "LIF-002", Name: "a host port is refused after a forced deletion", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 14,
		Why: "Deleted with grace period 0, a pod is taken away while it serves.",
		Run: func(t *T) {
			t.releases(func(pod Pod) {
				if err := pod.Kill(t); err != nil {
					t.Fail("stop", "the pod cannot be killed, and the runtime will try for ever: %v", err)
				}
			})
		},
	},
	{
		ID: "LIF-003", Name: "five pods that take over a host port from each other answer at once, each as itself", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 6,
		Why:     "The first rule for a port wins, so one that stayed behind takes the port from every pod that comes after. Restarted and rolled-out pods meet that.",
		Sources: []string{"containernetworking/plugins#683", "cilium/cilium#18227"},
		Run:     takeOver,
	},
	{
		ID: "LIF-009", Name: "DEL twice, and DEL of a namespace that is gone, leave nothing", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts, CNICalls, Rules}, Evidence: 10,
		Why:     "Runtimes repeat DEL until it succeeds, and after a crash the pod's namespace is gone before they come to it.",
		Sources: []string{containerdSource},
		Run:     delAgain,
	},
	{
		ID: "LIF-010", Name: "no rule of a container outlives it", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts, Rules}, Evidence: 8,
		Why:     "What probes cannot see: rules for addresses and protocols that nobody asks. Shared chains stay by design and are passed over.",
		Sources: []string{portmapSource},
		Run:     noRuleLeft,
	},
	{
		ID: "LIF-011", Name: "pods come and go, ten in a row, and the firewall is as after the first", Level: Ext, Own: true, Needs: []Feature{OwnChain, CNICalls, Rules, Shell}, Evidence: 14,
		Why:     "Rules that pile up slow down every packet and every pod after, until nothing starts any more. The time for each pod is recorded, and not judged.",
		Sources: []string{"containernetworking/plugins#510"},
		Run:     func(t *T) { t.eachBackend(manyCycles) },
	},
	{
		ID: "LIF-012", Name: "after an ADD that was killed, DEL removes all rules", Level: Ext, Own: true, Needs: []Feature{OwnChain, CNICalls, Rules}, Evidence: 14,
		Why:     "A runtime that runs out of time kills the plugin and detaches the pod, without a result to go by.",
		Sources: []string{portmapSource},
		Run:     func(t *T) { t.eachBackend(killedAdd, NoLinkLocal) },
	},
	{
		ID: "LIF-013", Name: "a DEL after portmap was dropped from the chain leaves its rules, and a DEL with the old list removes them", Level: Ext, Own: true, Needs: []Feature{OwnChain, CNICalls, Rules}, Evidence: 14,
		Why:     "containerd detaches pods with the list of today, not with the one that attached them. That is why pods with host ports are drained before portmap is taken out of a chain. A known leak, asserted as predicted.",
		Sources: []string{containerdSource, "AliyunContainerService/terway:tests/connective_test.go"},
		Run: func(t *T) {
			t.eachBackend(func(t *T, _ string) {
				t.leak(Call{Data: Chain(PlainTerway)}, "portmap is not in the list that DEL goes by")
			})
		},
	},
	{
		ID: "LIF-014", Name: "a DEL under another network name leaves the rules of the backend iptables, and none of nftables", Level: Ext, Own: true, Needs: []Feature{OwnChain, CNICalls, Rules}, Evidence: 14,
		Why:     "portmap's chain in iptables is named by network and container. Terway's name never changes, so a chain of Terway's is shielded; other lists are not.",
		Sources: []string{"containernetworking/plugins#752"},
		Run: func(t *T) {
			t.eachBackend(func(t *T, backend string) { t.renamed(backend) })
		},
	},
	{
		ID: "LIF-015", Name: "a DEL after the backend was changed leaves rules that black-hole the next pod, until they are removed by hand", Level: Ext, Own: true, Needs: []Feature{OwnChain, CNICalls, Rules, Shell}, Evidence: 16,
		Why:     "portmap cleans up in the firewall that it is told to use now. A known leak, asserted as predicted; the remedy is that of LIF-019.",
		Sources: []string{portmapSource},
		Run:     func(t *T) { t.eachBackend(otherBackend) },
	},
	{
		ID: "LIF-016", Name: "where the last plugin's binary is missing, ADD and DEL fail and rules stay, until it is back", Level: Ext, Own: true, Needs: []Feature{OwnChain, CNICalls, Rules}, Evidence: 12,
		Why:     "DEL goes backwards and stops at the first plugin that fails, so the plugins before it never clean up, and each new try of the pod leaks again.",
		Sources: []string{"containernetworking/cni:libcni/api.go"},
		Run:     func(t *T) { t.eachBackend(missingBinary, NoLinkLocal) },
	},
	{
		ID: "LIF-018", Name: "CHECK passes for a healthy pod and fails once its rules are removed by hand", Level: Ext, Own: true, Needs: []Feature{OwnChain, CNICalls, Shell}, Evidence: 8,
		Why:     "CRI-O asks CHECK after each ADD: a false alarm keeps pods from starting, and a check that sees nothing is none.",
		Sources: []string{portmapSource},
		Run:     func(t *T) { t.eachBackend(checkNotices) },
	},
	{
		ID: "LIF-019", Name: "host ports of pods that are gone can be removed by hand, and those of others stay", Level: Ext, Own: true, Needs: []Feature{OwnChain, CNICalls, Rules, Shell}, Evidence: 16,
		Why:     "Lists of CNI 0.4.0, which Terway writes, have no garbage collection, so no runtime ever finds orphaned rules. The remedy:\n\n```sh\n" + orphansScript + "```\n\nIt asks the runtime who lives, and removes what belongs to nobody.",
		Sources: []string{"containernetworking/cni:SPEC.md"},
		Run:     func(t *T) { t.eachBackend(orphans) },
	},
}

// releases wants ports to be refused from everywhere once a pod is gone, whichever way it goes.
func (t *T) releases(end func(Pod)) {
	tcp, udp := t.Port(probe.TCP), t.Port(probe.UDP)
	pod := t.Start(PodSpec{Ports: []Port{tcp, udp}})
	t.Answers(pod, tcp, Asks(probe.TCP, External)...)
	t.Answers(pod, udp, Asks(probe.UDP, External)...)
	end(pod)
	start := time.Now()
	t.Released(tcp, Asks(probe.TCP, External, OtherNode, OwnNode, Localhost)...)
	t.Released(udp, Asks(probe.UDP, External, OwnNode, Localhost)...)
	t.Read("node", "time until the ports are refused", elapsed(start), "")
}

func elapsed(since time.Time) string { return time.Since(since).Round(time.Millisecond).String() }

func takeOver(t *T) {
	port, ask := t.Port(probe.TCP), Asks(probe.TCP, External)
	t.Closed(port, ask...)
	for i := range 5 {
		pod := t.Start(PodSpec{Ports: []Port{port}})
		t.phase = "open"
		answer := func() { t.judge(port, pod, ask, func(a Ask) Want { return t.want(a, port, pod) }, 1) }
		if i == 0 {
			answer()
		} else {
			t.coded("stale", answer)
		}
		t.Stop(pod)
	}
}

func delAgain(t *T) {
	before, port := t.rules(), t.Port(probe.TCP)
	ask := Asks(probe.TCP, External)
	pod := t.attach(port)
	t.Answers(pod, port, ask...)
	for range 2 {
		t.del(pod, Call{})
	}
	t.clean(before)
	t.Released(port, ask...)
	pod = t.attach(port)
	t.Answers(pod, port, ask...)
	t.Must(pod.Destroy())
	t.del(pod, Call{})
	t.clean(before)
	t.Released(port, ask...)
}

func noRuleLeft(t *T) {
	before := t.rules()
	tcp, udp := t.Port(probe.TCP), t.Port(probe.UDP)
	pod := t.Start(PodSpec{Ports: []Port{tcp, udp}})
	t.Answers(pod, tcp, Asks(probe.TCP, External)...)
	t.Answers(pod, udp, Asks(probe.UDP, External)...)
	made := t.left(before)
	t.Read("node", "rules of the pod", strconv.Itoa(len(made)), "")
	wanted := t.want(Ask{From: External, Protocol: probe.TCP, Family: 4}, tcp, pod).Outcome == probe.Answered
	if wanted && len(made) == 0 {
		t.Inconclusive("blind", "the host port answers, and no rule of it was found on the node: whoever serves it, it is not portmap")
	}
	t.Stop(pod)
	t.clean(before)
}
