// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
)

// conflictSpecs are about ports that more than one claims.
var conflictSpecs = []Spec{
	{
		ID: "CON-003", Name: "of two pods that claim one host port the first answers, and the second takes over after it", Level: Ext, Own: true, Needs: []Feature{OwnChain}, Evidence: 28,
		Why:     "The scheduler keeps such pods apart; static pods and a DEL that comes late do not. portmap refuses nothing: the first rule wins.",
		Sources: []string{portmapSource, "containernetworking/plugins#683"},
		Run:     func(t *T) { t.eachBackend(twoClaimants) },
	},
	{
		ID: "CON-004", Name: "a process of the node that listens on the port is hidden while the pod lives, and is back after it", Level: Ext, For: WantHostPorts, Needs: []Feature{HostPorts}, Evidence: 10,
		Why:     "Nothing says no when a pod takes a port on which the node listens: clients just reach somebody else, without an error anywhere.",
		Sources: []string{portmapReadme},
		Run:     hiddenProcess,
	},
	{
		ID: "CON-007", Name: "an answer without the nonce, or of somebody else, is not taken for the pod's", Level: Core, Own: true, Needs: []Feature{OwnChain}, Evidence: 4,
		Why:     "What answers at a port need not be the pod, and suites that only ask whether somebody answers pass on a broken network.",
		Sources: []string{"kubernetes/kubernetes#141661", "kubernetes/kubernetes#99112"},
		Run:     func(t *T) { impostors(t.Open(nil)) },
	},
}

func twoClaimants(t *T, _ string) {
	port, ask := t.Port(probe.TCP), Asks(probe.TCP, External, OwnNode)
	first := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(first, port, ask...)
	second := t.Start(PodSpec{Ports: []Port{port}})
	t.coded("second-wins", func() { t.Answers(first, port, ask...) })
	t.Stop(first)
	t.coded("stale", func() { t.Answers(second, port, ask...) })
	t.Stop(second)
	t.Released(port, ask...)
}

// nodeProcess is who listens on the node.
const nodeProcess = "a process of the node"

func hiddenProcess(t *T) {
	port := t.Port(probe.TCP)
	ask := Asks(probe.TCP, External, OwnNode)
	if w := t.want(ask[0], port, nil); w.Outcome != probe.Answered {
		t.NotApplicable("no pod answers at host ports here: %s", w.Why)
	}
	stop, err := t.Env.At(OnNode).Serve(t, nodeProcess, probe.Honest, probe.Listen{Protocol: probe.TCP, Port: port.Host})
	t.Must(err)
	defer stop()
	t.byProcess(port, "closed", ask)
	pod := t.Start(PodSpec{Ports: []Port{port}})
	t.Answers(pod, port, ask...)
	t.Stop(pod)
	for deadline := time.Now().Add(releaseLimit); !t.processAnswers(port, ask) && time.Now().Before(deadline); {
		time.Sleep(pollInterval)
	}
	t.byProcess(port, "released", ask)
}

// processAnswers tells whether the process of the node answers all questions.
func (t *T) processAnswers(port Port, asks []Ask) bool {
	for _, r := range t.round(port, nil, brief(asks)) {
		if r.Reply == nil || r.Reply.Identity != nodeProcess {
			return false
		}
	}
	return true
}

// byProcess requires that the process of the node answers.
func (t *T) byProcess(port Port, phase string, asks []Ask) {
	t.phase = phase
	for i, r := range t.round(port, nil, asks) {
		if r.Outcome == "" {
			continue // no result is no evidence
		}
		o := t.observation(asks[i], r, Want{Outcome: probe.Answered}, nil)
		if r.Reply != nil && r.Reply.Identity != nodeProcess {
			o.Got = string(probe.WrongAnswer)
		}
		t.Observe(o)
		if o.Got != o.Expected {
			t.wrong(asks[i], port, r, o, Want{Outcome: probe.Answered, Why: "a process of the node listens there"})
		}
	}
}

// impostors answer in the place of a pod.
func impostors(t *T) {
	pod := t.Start(PodSpec{})
	for _, manner := range []probe.Manner{probe.Rogue, probe.Honest} {
		for _, protocol := range []string{probe.TCP, probe.UDP} {
			t.impostor(pod, protocol, manner)
		}
	}
	t.Stop(pod)
}

func (t *T) impostor(pod Pod, protocol string, manner probe.Manner) {
	port := t.Port(protocol)
	stop, err := t.Env.At(OnNode).Serve(t, "an impostor", manner, probe.Listen{Protocol: protocol, Port: port.Host})
	t.Must(err)
	defer stop()
	ask := Ask{From: OtherNode, Protocol: protocol, Family: 4}
	if manner == probe.Rogue {
		pod = nil // what lacks the nonce is nobody's answer
	}
	t.phase = "open"
	t.judge(port, pod, []Ask{ask}, func(Ask) Want {
		return Want{Outcome: probe.WrongAnswer, Why: "it was no pod's answer"}
	}, 1)
}
