// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
)

// containerSpecs are about pods without IPv6 in the hands of a kubelet.
var containerSpecs = []Spec{
	{
		ID: "LL-011", Name: "init, ordinary, sidecar and ephemeral containers all see no IPv6 address", Level: Core, For: WantNoIPv6, Needs: []Feature{IPv6, Kubelet}, Evidence: 4,
		Why: "They share one network namespace, but users doubt it, and a container that starts first could see what is switched off later.",
		Run: func(t *T) {
			pod := t.supervised(PodSpec{Crowded: true})
			t.absent("", "if_inet6", inet6(t.settled(pod)))
			others, err := pod.Beside(t)
			t.Must(err)
			for _, kind := range slices.Sorted(maps.Keys(others)) {
				t.absent("", kind+" container", inet6(others[kind]))
			}
			t.Stop(pod)
		},
	},
	{
		ID: "LL-015", Name: "a pod whose sandbox is made anew has no IPv6 address", Level: Ext, For: WantNoIPv6, Needs: []Feature{IPv6, Kubelet, Sandboxes}, Evidence: 2,
		Why:     "New namespaces go through the chain again.",
		Sources: []string{kubeletSource},
		Run: func(t *T) {
			pod := t.recreated(PodSpec{})
			t.absent("", "if_inet6", inet6(t.settled(pod)))
			t.Must(pod.Recreate(t))
			t.absent("", "if_inet6, after the sandbox was made anew", inet6(t.settled(pod)))
			t.Stop(pod)
		},
	},
	{
		ID: "LL-016", Name: "a container that is restarted has no IPv6 address", Level: Core, For: WantNoIPv6, Needs: []Feature{IPv6, Kubelet}, Evidence: 2,
		Why: "It starts in the namespace that the chain was done with long ago.",
		Run: func(t *T) {
			pod := t.supervised(PodSpec{})
			t.absent("", "if_inet6", inet6(t.settled(pod)))
			t.Must(pod.Restart(t))
			t.absent("", "if_inet6, after a restart", inet6(t.settled(pod)))
			t.Stop(pod)
		},
	},
	{
		ID: "LL-017", Name: "pods of every kind of object have no IPv6 address", Level: Ext, For: WantNoIPv6, Needs: []Feature{IPv6, Kubelet}, Evidence: 3, Seconds: 60,
		Why: "Whoever makes a pod, the kubelet runs it. A static pod is one that no API server was asked about.",
		Run: ofEveryKind,
	},
	{
		ID: "LL-024", Name: "the kubelet's probes by HTTP, TCP, gRPC and command pass on a pod without IPv6", Level: Core, For: WantNoIPv6, Needs: []Feature{Kubelet}, Evidence: 1,
		Why:     "A pod that no probe reaches is restarted for ever.",
		Sources: []string{"kubernetes/kubernetes:pkg/kubelet/prober"},
		Run: func(t *T) {
			pod := t.supervised(PodSpec{Probed: true})
			if err := pod.Ready(t); err != nil {
				t.Fail("not-ready", "the kubelet's probes do not pass: %v", err)
			}
			t.Read("kubelet", "readiness", "ready", "ready")
			t.Stop(pod)
		},
	},
	{
		ID: "LL-025", Name: "a pod without IPv6 reaches the API server, a service, and the cluster's DNS", Level: Core, For: WantNoIPv6, Needs: []Feature{Kubelet}, Evidence: 1,
		Why: "Software that prefers IPv6 may wait for it before it tries IPv4. What a cluster does not have, a proxy for services or a DNS, is no part of the claim there.",
		Run: reachServices,
	},
	{
		ID: "LL-030", Name: "who wins where a pod itself asks for IPv6 by a sysctl is recorded", Level: Ext, For: WantNoIPv6, Needs: []Feature{IPv6, Kubelet}, Evidence: 2,
		Why:     "The runtime writes a pod's own sysctls after the chain has run. Only nodes whose kubelet allows such unsafe sysctls admit the pod: that is a limit to know, not a failure.",
		Sources: []string{"kubernetes/kubernetes:pkg/kubelet/sysctl/allowlist.go"},
		Run:     (*T).asksForIPv6,
	},
}

func ofEveryKind(t *T) {
	maker, ok := t.Env.(Workloads)
	if !ok {
		t.Inconclusive("harness", "nothing makes pods here")
	}
	for _, kind := range maker.Kinds() {
		w := t.workload(kind, PodSpec{})
		for _, pod := range t.podsOf(w) {
			t.absent("", "pod of a "+kind, inet6(t.settled(pod)))
		}
		t.Must(w.Delete(t))
	}
}

func (t *T) asksForIPv6() {
	pod, err := t.TryStart(PodSpec{Sysctls: map[string]string{allIPv6: "0"}})
	if err != nil && strings.Contains(err.Error(), "SysctlForbidden") {
		t.NotApplicable("the kubelet of this node does not allow the sysctl: %v", err)
	}
	if err != nil {
		t.notStarted(err)
	}
	seen := t.settled(pod, allIPv6)
	t.Read("pod", allIPv6, seen.Sysctls[allIPv6], "")
	t.Read("pod", "addresses of a pod that asks for IPv6", orNone(inet6(seen)), "")
	t.Stop(pod)
}

// reachLimit is how long a pod may take to reach something of the cluster.
const reachLimit = 10 * time.Second

func reachServices(t *T) {
	server, ok := t.Env.(Server)
	if !ok {
		t.Inconclusive("harness", "the services of this cluster are not known")
	}
	port := Port{Protocol: probe.TCP, Container: 8080}
	pod := t.Start(PodSpec{Ports: []Port{port}})
	have, err := server.Services(t, pod, port)
	t.Must(err)
	from := t.client(SameNodePod)
	// The API server speaks TLS: whatever it answers to a question that is none, it is reached.
	if have.API != "" {
		t.reached(from, have.API, "the API server", probe.WrongAnswer, probe.Reset, probe.Answered)
	}
	if have.Service != "" {
		t.reached(from, have.Service, "a service", probe.Answered)
	}
	if have.Name != "" {
		found, err := server.Resolve(t, from, have.Name)
		t.Must(err)
		t.Read("pod", have.Name, orNone(found), "")
		if len(found) == 0 {
			t.Fail("no-dns", "the pod finds no address for %s", have.Name)
		}
	}
	t.Stop(pod)
}

func (t *T) reached(from Pod, address, what string, good ...probe.Outcome) {
	to, err := netip.ParseAddrPort(address)
	t.Must(err)
	var got probe.Result
	for end := time.Now().Add(reachLimit); time.Now().Before(end); time.Sleep(pollInterval) {
		results, err := from.Probe(t, probe.Request{Protocol: probe.TCP, To: to, Limit: answerLimit})
		t.Must(err)
		if got = results[0]; slices.Contains(good, got.Outcome) {
			t.Read("pod", what, "reached", "reached")
			return
		}
	}
	t.Read("pod", what, string(got.Outcome), "reached")
	t.Fail("not-reached", "the pod does not reach %s at %s: %s (%s)", what, address, got.Outcome, got.Error)
}
