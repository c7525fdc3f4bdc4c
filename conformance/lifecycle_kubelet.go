// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"strings"
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
}

// schedulerSpecs are about host ports that the cluster itself keeps apart.
var schedulerSpecs = []Spec{{
	ID: "CON-001", Name: "a second pod with the same host port waits, and the scheduler says why", Level: Core, For: WantHostPorts, Needs: []Feature{HostPorts, Kubelet}, Evidence: 4,
	Why:     "Two claimants on one node would share the port in the order of their rules; the scheduler is what keeps them apart.",
	Sources: []string{"kubernetes/kubernetes:pkg/scheduler/framework/plugins/nodeports/node_ports.go"},
	Run: func(t *T) {
		s, ok := t.Env.(Scheduler)
		if !ok {
			t.Inconclusive("harness", "no scheduler can be asked here")
		}
		port := t.Port(probe.TCP)
		pod := t.Start(PodSpec{Ports: []Port{port}})
		t.Answers(pod, port, Asks(probe.TCP, External)...)
		why, err := s.Pending(t, PodSpec{Ports: []Port{port}})
		t.Must(err)
		t.Read("cluster", "why the second pod waits", why, "")
		if !strings.Contains(why, "free ports") {
			t.Fail("scheduled", "the second pod does not wait for the port: %s", why)
		}
		t.Stop(pod)
	},
}}

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
