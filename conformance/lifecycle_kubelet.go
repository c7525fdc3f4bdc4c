// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
)

const kubeletSource = "kubernetes/kubernetes:pkg/kubelet/kuberuntime/kuberuntime_manager.go"

// kubeletSpecs are about what a kubelet does with pods while they live, and after.
var kubeletSpecs = []Spec{
	{
		ID: "LIF-004", Name: "a container that is restarted keeps its host port", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts, Kubelet}, Evidence: 7,
		Why:     "Containers crash and are started again in the same sandbox, without any call of CNI: the mapping must not be the container's.",
		Sources: []string{kubeletSource},
		Run: func(t *T) {
			port, ask := t.Port(probe.TCP), Asks(probe.TCP, External, Localhost)
			pod := t.supervised(PodSpec{Ports: []Port{port}})
			t.Answers(pod, port, ask...)
			t.Must(pod.Restart(t))
			t.Answers(pod, port, ask...)
			t.Stop(pod)
			t.Released(port, ask...)
		},
	},
	{
		ID: "LIF-005", Name: "a pod whose sandbox is made anew answers at its host port, and no rule of the old one is left", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, Kubelet, Sandboxes, Rules}, Evidence: 8,
		Why:     "When the process that holds the namespaces dies, the kubelet makes new ones, with another address: the old mapping would lead to nobody.",
		Sources: []string{kubeletSource},
		Run: func(t *T) {
			before := t.rules()
			port, ask := t.Port(probe.TCP), Asks(probe.TCP, External)
			pod := t.recreated(PodSpec{Ports: []Port{port}})
			t.Answers(pod, port, ask...)
			t.Must(pod.Recreate(t))
			t.Answers(pod, port, ask...)
			t.Stop(pod)
			t.Released(port, ask...)
			t.clean(before)
		},
	},
	{
		ID: "LIF-006", Name: "a pod that has done its work releases its host port, also while it is still listed", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, Kubelet}, Evidence: 5,
		Why:     "Pods of Jobs stay in the list when they have ended; the next one must get the port even so.",
		Sources: []string{"kubernetes/kubernetes:pkg/kubelet/kubelet.go"},
		Run: func(t *T) {
			port, ask := t.Port(probe.TCP), Asks(probe.TCP, External, Localhost)
			pod := t.supervised(PodSpec{Ports: []Port{port}, Once: true})
			t.Answers(pod, port, ask...)
			t.Must(pod.Finish(t))
			t.releasedSoon(port, ask...)
			t.Stop(pod)
		},
	},
	{
		ID: "LIF-007", Name: "a pod that crashes again and again answers whenever it runs, is refused in between, and its rules do not grow", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, Kubelet}, Evidence: 20, Seconds: 45,
		Why:     "The kubelet waits longer after each crash, and the sandbox with its mapping stays: clients must be refused meanwhile, not left waiting. Rules are counted where the node's firewall can be read.",
		Sources: []string{kubeletSource},
		Run:     crashes,
	},
	{
		ID: "LIF-008", Name: "a pod that is evicted releases its host port, also while it is still listed", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts, Kubelet}, Evidence: 5,
		Why:     "A node short of disk evicts pods, and the one that takes the place of an evicted pod needs its port.",
		Sources: []string{"kubernetes/kubernetes:pkg/kubelet/eviction/eviction_manager.go"},
		Run: func(t *T) {
			port, ask := t.Port(probe.TCP), Asks(probe.TCP, External, Localhost)
			pod := t.supervised(PodSpec{Ports: []Port{port}, Small: true})
			t.Answers(pod, port, ask...)
			t.Must(pod.Evict(t))
			t.releasedSoon(port, ask...)
			t.Stop(pod)
		},
	},
}

// crashCount is how often a pod crashes: after 0, 10 and 20 seconds it is started again.
const crashCount = 3

func crashes(t *T) {
	port, ask := t.Port(probe.TCP), Asks(probe.TCP, External)
	pod := t.supervised(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, ask...)
	before := t.rulesOf(port)
	stop := t.sample(pod, port, ask[0])
	for range crashCount {
		t.Must(pod.Restart(t))
	}
	all := stop()
	lost := all.lost()
	t.Read("external", "questions while it crashed, not answered", orNone(lost), "")
	if i := slices.IndexFunc(lost, func(outcome string) bool { return outcome != string(probe.Refused) && outcome != string(probe.Reset) }); i >= 0 {
		t.Fail("not-refused", "while a pod crashed and was started again, a client at its host port was not refused but got: %s", lost[i])
	}
	t.Answers(pod, port, ask...)
	if grown := len(t.rulesOf(port)) - len(before); grown != 0 {
		t.Fail("grown", "after %d restarts the node has %+d rules about the host port", crashCount, grown)
	}
	t.Stop(pod)
	t.Released(port, ask...)
}

// rulesOf are the node's rules that name a host port, none where they cannot be read.
func (t *T) rulesOf(port Port) []string {
	if t.missing(Rules) != "" {
		return nil
	}
	word := regexp.MustCompile(fmt.Sprintf(`\b%d\b`, port.Host))
	return slices.DeleteFunc(t.rules(), func(rule string) bool { return !word.MatchString(rule) })
}

// supervised starts a pod that a kubelet looks after.
func (t *T) supervised(spec PodSpec) Supervised {
	pod, ok := t.Start(spec).(Supervised)
	if !ok {
		t.Inconclusive("harness", "pods of this environment have no kubelet")
	}
	return pod
}

func (t *T) recreated(spec PodSpec) Recreated {
	pod, ok := t.Start(spec).(Recreated)
	if !ok {
		t.Inconclusive("harness", "sandboxes of this environment cannot be taken away")
	}
	return pod
}

// kubeletLimit is how long a kubelet may take to notice that a pod has ended.
const kubeletLimit = 10 * time.Second

// releasedSoon is Released for pods that the kubelet itself takes away.
func (t *T) releasedSoon(port Port, asks ...Ask) {
	for end := time.Now().Add(kubeletLimit - releaseLimit); time.Now().Before(end); time.Sleep(pollInterval) {
		open := false
		for _, r := range t.round(port, nil, brief(atHostPort(asks))) {
			open = open || r.Outcome != probe.Refused
		}
		if !open {
			break
		}
	}
	t.Released(port, asks...)
}
