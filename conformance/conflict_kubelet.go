// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
)

// schedulerSpecs are about host ports that the cluster itself keeps apart, and about those that follow each other.
var schedulerSpecs = []Spec{
	{
		ID: "CON-001", Name: "a second pod with the same host port waits, and the scheduler says why", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts, Kubelet}, Evidence: 4,
		Why:     "Two claimants on one node would share the port in the order of their rules; the scheduler is what keeps them apart.",
		Sources: []string{"kubernetes/kubernetes:pkg/scheduler/framework/plugins/nodeports/node_ports.go"},
		Run: func(t *T) {
			t.second("why the second pod waits", "free ports", Scheduler.Pending)
		},
	},
	{
		ID: "CON-002", Name: "a second pod with the same host port that the scheduler was not asked about is rejected by the kubelet", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, Kubelet}, Evidence: 4,
		Why:     "spec.nodeName passes the scheduler by, as old DaemonSets did. The kubelet looks at the port itself.",
		Sources: []string{"kubernetes/kubernetes:pkg/kubelet/lifecycle/predicate.go"},
		Run: func(t *T) {
			t.second("why the kubelet rejects the second pod", "NodePorts", Scheduler.Rejected)
		},
	},
	{
		ID: "CON-005", Name: "a NodePort and a host port of other numbers do not disturb each other; who wins at the same number is recorded", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, Kubelet}, Evidence: 13,
		Why:     "Both are rules in the same hooks, and nothing keeps a host port out of the range of NodePorts.",
		Sources: []string{"kubernetes/enhancements: KEP-3866", portmapReadme},
		Run:     besideNodePort,
	},
	{
		ID: "CON-008", Name: "when a Deployment is updated on one node, the old pod never answers again once the new one has", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, Kubelet}, Evidence: 10,
		Why:     "The new pod waits for the port of the old one (with maxUnavailable: 0 for ever), so there is a gap, whose length is recorded. A client that reaches the old pod after the new one has met two claimants.",
		Sources: []string{"kubernetes/kubernetes:pkg/controller/deployment"},
		Run:     func(t *T) { t.updated("Deployment", External) },
	},
	{
		ID: "CON-009", Name: "when a DaemonSet is updated, each node's host port goes from the old pod to the new one", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, Kubelet}, Evidence: 16,
		Why:     "Agents on every node are what host ports are mostly used for. Nodes are updated one after the other; the gap is recorded.",
		Sources: []string{"kubernetes/kubernetes:pkg/controller/daemon"},
		Run:     func(t *T) { t.updated("DaemonSet", External, Elsewhere) },
	},
}

// second starts a pod and a second one with the same host port, which the cluster must keep away, and say why.
func (t *T) second(target, words string, keep func(Scheduler, context.Context, PodSpec) (string, error)) {
	s, ok := t.Env.(Scheduler)
	if !ok {
		t.Inconclusive("harness", "no scheduler can be asked here")
	}
	port := t.Port(probe.TCP)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, Asks(probe.TCP, External)...)
	why, err := keep(s, t, PodSpec{Ports: []Port{port}})
	t.Must(err)
	t.Read("cluster", target, why, "")
	if !strings.Contains(why, words) {
		t.Fail("scheduled", "the second pod is not kept away because of the port: %s", cmp.Or(why, "it runs"))
	}
	t.Stop(pod)
}

func answered(Ask) Want { return Want{Outcome: probe.Answered} }

func besideNodePort(t *T) {
	server, ok := t.Env.(Server)
	if !ok {
		t.Inconclusive("harness", "the services of this cluster are not known")
	}
	ask := Asks(probe.TCP, External, OwnNode)
	inside := Port{Protocol: probe.TCP, Container: 8080}
	served := t.Start(PodSpec{Ports: []Port{inside}})
	number, err := server.NodePort(t, served, inside)
	t.Must(err)
	if number == 0 {
		t.NotApplicable("this cluster has no proxy for services")
	}
	nodePort, port := Port{Protocol: probe.TCP, Host: number, Container: inside.Container}, t.Port(probe.TCP)
	t.answersSoon(served, nodePort, ask)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, ask...)
	t.Sees(served, nodePort, answered, ask...)
	t.Stop(pod)
	t.Released(port, ask...)
	t.Sees(served, nodePort, answered, ask...)
	both := t.Start(PodSpec{Ports: []Port{nodePort}})
	for i, r := range t.round(nodePort, nil, ask) {
		who := map[string]string{served.UID(): "the NodePort", both.UID(): "the host port"}
		got := string(r.Outcome)
		if r.Reply != nil {
			got = who[r.Reply.Identity]
		}
		t.Read(string(ask[i].From), "who answers at one number", got, "")
	}
	t.Stop(both)
	t.Sees(served, nodePort, answered, ask...)
	t.Stop(served)
}

// answersSoon waits until a pod answers everybody: services take a moment to be served.
func (t *T) answersSoon(pod Pod, port Port, asks []Ask) {
	for end := time.Now().Add(reachLimit); time.Now().Before(end); time.Sleep(pollInterval) {
		if !slices.ContainsFunc(t.round(port, pod, brief(asks)), func(r probe.Result) bool { return r.Outcome != probe.Answered }) {
			break
		}
	}
	t.Sees(pod, port, answered, asks...)
}

// updated makes an object of pods with a host port, updates it, and asks each of its pods from the vantage of its place.
func (t *T) updated(kind string, from ...Vantage) {
	if !t.Env.Layout().Other.Address.IsValid() {
		from = slices.DeleteFunc(slices.Clone(from), func(v Vantage) bool { return v == Elsewhere })
	}
	port := t.Port(probe.TCP)
	for _, v := range from {
		t.Closed(port, Asks(probe.TCP, v)...)
	}
	w := t.workload(kind, PodSpec{Ports: []Port{port}})
	old := t.podsOf(w)
	t.eachAnswers(old, port, from)
	stop := t.sample(old[0], port, Asks(probe.TCP, from[0])[0])
	t.Must(w.Update(t))
	next := t.podsOf(w)
	t.eachAnswers(next, port, from)
	t.takesOver(stop(), old[0], next[0])
	t.Must(w.Delete(t))
	for _, v := range from {
		t.Released(port, Asks(probe.TCP, v)...)
	}
}

func (t *T) eachAnswers(pods []Pod, port Port, from []Vantage) {
	for i, v := range from {
		t.Sees(pods[i], port, answered, Asks(probe.TCP, v)...)
	}
}

// takesOver requires that the old pod answered no more after the new one had, and records how long nobody did.
func (t *T) takesOver(all samples, old, next Pod) {
	t.Read("external", "longest time without an answer", all.gap().Round(100*time.Millisecond).String(), "")
	seen := false
	for _, s := range all {
		switch {
		case s.Reply == nil:
		case s.Reply.Identity == next.UID():
			seen = true
		case s.Reply.Identity != old.UID():
			t.Fail("wrong-answer", "while a pod was replaced, somebody answered at its host port who is neither the old one nor the new one: %s", s.Reply.Identity)
		case seen:
			t.Fail("two-answers", "the old pod answered at the host port after the new one had: two pods have it")
		}
	}
}

// workload makes an object that makes pods, which is deleted with the spec.
func (t *T) workload(kind string, spec PodSpec) Workload {
	maker, ok := t.Env.(Workloads)
	if !ok {
		t.Inconclusive("harness", "nothing makes pods here")
	}
	w, err := maker.Make(t, kind, spec)
	t.Must(err)
	t.Cleanup(func() { t.Must(w.Delete(t)) })
	return w
}

// podsOf an object; the spec fails where the chain does not let them start.
func (t *T) podsOf(w Workload) []Pod {
	pods, err := w.Pods(t)
	if err != nil {
		t.notStarted(err)
	}
	return pods
}
