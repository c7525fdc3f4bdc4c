// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"github.com/chainlint/chainlint/conformance/probe"
)

// chainSpecs are about the chain as such, whatever it is for.
var chainSpecs = []Spec{
	{
		ID: "CHN-001", Name: "Terway accepts the ConfigMap, the runtime loads the list, and a plain pod starts", Level: Core, Evidence: 1,
		Why: "A chain that Terway's init container refuses stalls the rollout; one that the runtime refuses leaves the node without network while Terway looks Ready; one whose plugins fail keeps every pod from starting.",
		Run: func(t *T) {
			pod := t.Start(PodSpec{})
			t.Read("pod", "addresses", addressWords(pod), "")
			t.Stop(pod)
		},
	},
	{
		ID: "CHN-002", Name: "a pod with a bandwidth limit starts", Level: Core, Evidence: 1,
		Why: "Capabilities are only handed over for pods that ask for them, so a chain can fail for those pods alone, and nobody notices until one comes.",
		Run: func(t *T) {
			pod := t.Start(PodSpec{Bandwidth: true})
			t.Read("pod", "addresses", addressWords(pod), "")
			t.Stop(pod)
		},
	},
	{
		ID: "CHN-003", Name: "a pod with a host port starts, also where nobody asked for host ports", Level: Core, Evidence: 1, Needs: []Feature{HostPorts},
		Why: "As for bandwidth: portmap fails for pods that have a host port, and for no others.",
		Run: func(t *T) {
			pod := t.Start(PodSpec{Ports: []Port{t.Port(probe.TCP)}})
			t.Read("pod", "addresses", addressWords(pod), "")
			t.Stop(pod)
		},
	},
	{
		ID: "CHN-004", Name: "a pod answers at its own address, from everywhere in the cluster", Level: Core, Evidence: 3,
		Why: "The plain network is the control of everything else: where it does not carry, the chain broke more than it was asked to do.",
		Run: func(t *T) {
			port := Port{Protocol: probe.TCP, Container: 8080}
			pod := t.Start(PodSpec{Ports: []Port{port}})
			t.Answers(pod, port, Asks(probe.TCP, Direct)...)
			t.reachPod(pod, port, t.Env.At(OnNode), "the node")
			t.reachPod(pod, port, t.client(SameNodePod), "a pod on the node")
			t.reachPod(pod, port, t.client(OtherPod), "a pod on another node")
			t.Stop(pod)
		},
	},
	{
		ID: "CHN-005", Name: "the nodes that are looked at go by the list that Terway writes for the ConfigMap", Level: Core, Needs: []Feature{NodeLists}, Evidence: 1,
		Why:     "Terway reads the ConfigMap when it starts, so nodes can run different chains, and the specs look at two of them.",
		Sources: []string{terwaySource},
		Run: func(t *T) {
			f, ok := t.Env.(Lister)
			if !ok {
				t.Inconclusive("harness", "the lists of the nodes cannot be read here")
			}
			t.everywhere(f, t.Setup.Data)
		},
	},
}

// reachPod asks a pod at its own address from somewhere.
func (t *T) reachPod(pod Pod, port Port, from Place, who string) {
	a := Ask{From: Direct, Protocol: port.Protocol, Family: 4}
	request := probe.Request{Protocol: port.Protocol, To: t.target(a, port, pod), Limit: answerLimit}
	results, err := from.Probe(t, request)
	t.Must(err)
	for _, r := range results {
		o := t.observation(a, r, Want{Outcome: probe.Answered}, pod)
		t.Observe(o)
		if o.Got != o.Expected {
			t.FailHint(o.Got, "the pod does not answer at its own address: the plain network is broken, not host ports", "%s to the pod at %s: expected answered, got %s (%s)", who, o.Target, o.Got, r.Error)
		}
	}
}

func addressWords(pod Pod) string {
	words := ""
	for i, ip := range pod.IPs() {
		if i > 0 {
			words += " "
		}
		words += ip.String()
	}
	return words
}
