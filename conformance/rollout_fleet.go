// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
)

const terwaySource = "AliyunContainerService/terway:daemon/server.go (ensureCNIConfig), hack/init.sh"

// fleetSpecs are about a chain on its way to many nodes.
var fleetSpecs = []Spec{
	{
		ID: "ROL-001", Name: "editing the ConfigMap alone changes nothing on any node", Level: Core, Own: true, Needs: []Feature{OwnChain, Rollout, Nodes}, Evidence: 5,
		Why:     "Terway reads it when it starts. Who edits and does not restart believes the change is out, until a node is replaced months later.",
		Sources: []string{vendorPage, terwaySource},
		Run:     editedOnly,
	},
	{
		ID: "ROL-002", Name: "after Terway was rolled for a chain, each node's list is what Terway is to write", Level: Core, Own: true, Needs: []Feature{OwnChain, Rollout, Nodes}, Evidence: 2,
		Why:     "One node that stays behind gives its pods the old chain. On kind it is the hash on the DaemonSet that rolls it, as chainlint renders it.",
		Sources: []string{terwaySource},
		Run: func(t *T) {
			o, f := t.fleet(Chain(PlainTerway))
			o.rollout(f, Chain(PlainTerway, PlainPortmap, NoLinkLocal))
			o.listsAre(f, Chain(PlainTerway, PlainPortmap, NoLinkLocal))
		},
	},
	{
		ID: "ROL-003", Name: "pods from before a rollout keep their address and their connections, and get no host port by it", Level: Core, Own: true, Needs: []Feature{OwnChain, Rollout, Nodes}, Evidence: 12,
		Why:     "A chain is run when a pod starts: what runs already is not touched, for good and for bad.",
		Sources: []string{vendorPage},
		Run:     olderPods,
	},
	{
		ID: "ROL-004", Name: "pods after a rollout get the chain on every node, at once", Level: Core, Own: true, Needs: []Feature{OwnChain, Rollout, Nodes}, Evidence: 6,
		Why:     "The runtime watches its directory, and takes the new list without a restart of its own (ROL-013 of the catalogue is part of it).",
		Sources: []string{"containerd/containerd:internal/cri/server/cni_conf_syncer.go"},
		Run:     newerPods,
	},
	{
		ID: "ROL-005", Name: "a pod that is made during a rollout starts in the end", Level: Ext, Own: true, Needs: []Feature{OwnChain, Rollout, Nodes}, Evidence: 2,
		Why:     "While Terway restarts its socket does not answer, and every ADD on that node fails: the kubelet must try again, and it does.",
		Sources: []string{terwaySource},
		Run:     duringRollout,
	},
	{
		ID: "ROL-008", Name: "JSON that is broken stops at the first node, whose list stays, and taking it back repairs it", Level: Core, Own: true, Needs: []Feature{OwnChain, Rollout, Nodes, Breakage}, Evidence: 7,
		Why:     "Terway's init container fails there and the rollout waits for it. New pods of that node do not start meanwhile; old ones and those of other nodes are well.",
		Sources: []string{terwaySource},
		Run:     brokenJSON,
	},
	{
		ID: "ROL-011", Name: "a node that joins after the ConfigMap was edited goes by the new chain, whether Terway was restarted elsewhere or not", Level: Ext, Own: true, Disruptive: true,
		Needs: []Feature{OwnChain, Rollout, Nodes, MachineChanges}, Evidence: 4,
		Why:     "Who edits and does not restart has a cluster of two chains from the next node on that the autoscaler adds: what was tried on the old nodes says nothing about it.",
		Sources: []string{terwaySource},
		Run:     joined,
	},
	{
		ID: "ROL-012", Name: "where Terway is restarted on some nodes only, those that stay behind are named, and the verdict waits", Level: Ext, Own: true, Needs: []Feature{OwnChain, Rollout, Nodes}, Evidence: 2,
		Why:     "A DaemonSet with the strategy OnDelete, or a rollout that is paused, leaves a cluster of two chains: what one node proves says nothing about the other.",
		Sources: []string{terwaySource},
		Run:     someNodes,
	},
}

// behind are the nodes whose list is not what Terway writes for the data.
func (t *T) behind(f Lister, data map[string]string) []string {
	want, err := f.Effective(data)
	t.Must(err)
	lists, err := f.Lists(t)
	t.Must(err)
	var all []string
	for _, node := range slices.Sorted(maps.Keys(lists)) {
		if strings.TrimSpace(lists[node]) != strings.TrimSpace(want) {
			all = append(all, node)
		}
		t.Read("node "+node, "its list", asRendered[!slices.Contains(all, node)], asRendered[true])
	}
	return all
}

var asRendered = map[bool]string{true: "as rendered", false: "another list"}

// everywhere requires that the chain under test is on every node, else nothing is decided.
func (t *T) everywhere(f Lister, data map[string]string) {
	if behind := t.behind(f, data); behind != nil {
		t.Inconclusive("mixed", "the list on %s is not what Terway writes for this ConfigMap: pods there get another chain than the one that is judged. Is Terway's rollout paused or its strategy OnDelete, or is there another file before its list?", strings.Join(behind, ", "))
	}
}

func someNodes(t *T) {
	old, data := Chain(PlainTerway), Chain(PlainTerway, PlainPortmap)
	o, f := t.fleet(old)
	t.Must(f.Partly(t, data))
	lists, err := f.Lists(t)
	t.Must(err)
	v := ended(func() { o.everywhere(f, data) })
	named := 0
	for node := range lists {
		if strings.Contains(v.reason, node+",") || strings.Contains(v.reason, node+" is not") {
			named++
		}
	}
	if v.outcome != report.Inconclusive || v.code != "mixed" || named != len(lists)-1 {
		o.Fail("unnoticed", "Terway was restarted on one of %d nodes, and the judgement of the cluster is: %s %s", len(lists), v.outcome, v.reason)
	}
}

// fleet opens an environment with a chain, as one whose chain is rolled out node by node.
func (t *T) fleet(data map[string]string) (*T, Fleet) {
	o := t.Open(func(s *Setup) { s.Data = data })
	f, ok := o.Env.(Fleet)
	if !ok {
		t.Inconclusive("harness", "the chain of this environment cannot be rolled out")
	}
	return o, f
}

// rollout fails the spec where a chain does not get to all nodes.
func (t *T) rollout(f Fleet, data map[string]string) {
	if err := f.Rollout(t, data, func() {}); err != nil {
		t.notStarted(err)
	}
}

// listsAre requires the list that Terway writes for the data on every node.
func (t *T) listsAre(f Fleet, data map[string]string) {
	if behind := t.behind(f, data); behind != nil {
		t.Fail("stale-list", "the list on %s is not what Terway writes for this ConfigMap: pods there get another chain", strings.Join(behind, ", "))
	}
}

func joined(t *T) {
	old, data := Chain(PlainTerway), Chain(PlainTerway, NoLinkLocal)
	o, f := t.fleet(old)
	machines, ok := o.Env.(Machines)
	if !ok {
		t.Inconclusive("harness", "no node joins this environment")
	}
	t.Must(f.Configure(t, data))
	node, err := machines.Join(t)
	if err != nil {
		o.notStarted(err)
	}
	behind := o.behind(f, data)
	if slices.Contains(behind, node) {
		o.Fail("stale-list", "the list on %s, which joined after the change, is not what Terway writes for this ConfigMap", node)
	}
	lists, err := f.Lists(t)
	t.Must(err)
	if len(behind) != len(lists)-1 {
		o.Fail("not-stale", "nodes on which Terway was not restarted were predicted to keep the old list, and only %q do", behind)
	}
	o.chainOf(f, node)
}

// settling is how long nothing may happen after a change that must change nothing.
const settling = 2 * time.Second

func editedOnly(t *T) {
	old := Chain(PlainTerway)
	o, f := t.fleet(old)
	t.Must(f.Configure(t, Chain(PlainTerway, PlainPortmap)))
	time.Sleep(settling)
	o.listsAre(f, old)
	port := o.Port(probe.TCP)
	pod := o.Start(PodSpec{Ports: []Port{port}})
	o.once(pod, port, refused, Asks(probe.TCP, External, Localhost)...)
	o.Stop(pod)
	t.Must(f.Configure(t, old))
}

func olderPods(t *T) {
	o, f := t.fleet(Chain(PlainTerway))
	port, direct := o.Port(probe.TCP), Asks(probe.TCP, Direct)
	pod := o.Start(PodSpec{Ports: []Port{port}})
	before := addressWords(pod)
	stop := o.sample(pod, port, direct[0])
	o.rollout(f, Chain(PlainTerway, PlainPortmap))
	all := stop()
	lost := orNone(all.lost())
	o.Read("external", "questions to the pod during the rollout that nobody answered", lost, none)
	if lost != none || len(all) < 5 {
		o.Fail("interrupted", "of %d questions to a pod that runs, during the rollout, went unanswered: %s", len(all), lost)
	}
	o.once(pod, port, refused, Asks(probe.TCP, External, Localhost)...)
	o.Answers(pod, port, direct...)
	o.Read("pod", "addresses", addressWords(pod), before)
	o.Stop(pod)
}

func newerPods(t *T) {
	o, f := t.fleet(Chain(PlainTerway))
	o.rollout(f, Chain(PlainTerway, PlainPortmap, NoLinkLocal))
	lists, err := f.Lists(t)
	t.Must(err)
	for _, node := range slices.Sorted(maps.Keys(lists)) {
		o.chainOf(f, node)
	}
	port := o.Port(probe.TCP)
	o.Cycle(port, Asks(probe.TCP, External)...)
}

// chainOf requires that a pod on a node goes through the new chain, which takes IPv6 from pods.
func (t *T) chainOf(f Fleet, node string) {
	ctx, cancel := context.WithTimeout(t, startLimit)
	defer cancel()
	pod, err := f.StartOn(ctx, node, PodSpec{Ports: []Port{t.Port(probe.TCP)}})
	if err != nil {
		t.notStarted(err)
	}
	t.Cleanup(func() { _ = pod.Stop(t) })
	seen, err := pod.Look(t)
	t.Must(err)
	got := "has IPv6"
	if len(inet6(seen)) == 0 {
		got = "none"
	}
	t.Read("pod on "+node, "IPv6", got, "none")
	if got != "none" {
		t.Fail("old-chain", "a new pod on %s did not go through the new chain", node)
	}
	t.Stop(pod)
}

func duringRollout(t *T) {
	o, f := t.fleet(Chain(PlainTerway))
	started := make(chan error, 1)
	var pod Pod
	err := f.Rollout(t, Chain(PlainTerway, PlainPortmap), func() {
		go func() {
			ctx, cancel := context.WithTimeout(t, worldLimit) // it waits for Terway
			defer cancel()
			var err error
			pod, err = o.Env.Start(ctx, PodSpec{})
			started <- err
		}()
	})
	if err != nil {
		o.notStarted(err)
	}
	if err := <-started; err != nil {
		o.notStarted(err)
	}
	o.Cleanup(func() { _ = pod.Stop(t) })
	o.Read("pod", "addresses", addressWords(pod), "")
	next := o.Start(PodSpec{})
	o.Read("pod", "addresses", addressWords(next), "")
	o.Stop(next)
}

func brokenJSON(t *T) {
	good := Chain(PlainTerway, PlainPortmap)
	o, f := t.fleet(good)
	port, ask := o.Port(probe.TCP), Asks(probe.TCP, External)
	old := o.Start(PodSpec{Ports: []Port{port}})
	o.Answers(old, port, ask...)
	bad := maps.Clone(good)
	bad["10-terway.conflist"] = strings.TrimSuffix(bad["10-terway.conflist"], "}")
	err := f.Rollout(t, bad, func() {})
	var start *StartError
	if !errors.As(err, &start) || start.Stage != StageTerway {
		o.Fail("accepted", "Terway's init container was predicted to fail on broken JSON, and: %v", err)
	}
	o.Read("node", "Terway's init container", "fails", "fails")
	o.listsAre(f, good)
	o.Answers(old, port, ask...)
	o.rollout(f, good)
	o.Stop(old)
	o.Released(port, ask...)
}
