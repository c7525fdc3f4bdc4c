// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"
	"strings"

	"github.com/chainlint/chainlint/conformance/probe"
)

// nowhere is a plugin that no node has.
const nowhere = "not-on-this-node"

// rolloutSpecs are about chains that are replaced while pods run.
var rolloutSpecs = []Spec{
	{
		ID: "ROL-006", Name: "a pod from before the rollout is stopped by a chain that it never went through", Level: Core, Own: true, Needs: []Feature{OwnChain, Rollout}, Evidence: 10,
		Why:     "The runtime detaches with the list of today: each plugin that is new in it gets a DEL for pods that it has never seen, and if that fails no old pod can be stopped.",
		Sources: []string{containerdSource, vendorPage},
		Run:     stopOlder,
	},
	{
		ID: "ROL-007", Name: "after a rollback, host ports of pods that were not drained before it are lost, and those of drained ones are free", Level: Core, Own: true, Needs: []Feature{OwnChain, Rollout, Rules}, Evidence: 14,
		Why:     "Without portmap in the list nobody removes its rules, so the port leads to nobody and takes the next pod's packets as well. The safe order: delete the pods, then take the chain back.",
		Sources: []string{"AliyunContainerService/terway:tests/connective_test.go"},
		Run:     rollBack,
	},
	{
		ID: "ROL-009", Name: "with a plugin in the chain that is not on the node, new pods fail with its name, old ones run on, and a rollback repairs it", Level: Core, Own: true, Needs: []Feature{OwnChain, Rollout, Breakage}, Evidence: 9,
		Why:     "The runtime looks for binaries when the first pod comes, while Terway is ready and its rollout goes on.",
		Sources: []string{"containernetworking/cni:pkg/invoke/find.go"},
		Run:     withoutBinary,
	},
	{
		ID: "ROL-010", Name: "a 10-terway.conf that is left beside the list is taken in its place", Level: Ext, Own: true, Needs: []Feature{OwnChain, CNICalls}, Evidence: 4,
		Why:     "Runtimes take the first file by name, and .conf sorts before .conflist: the whole chain is without effect, and nothing says so. Terway removes the file; installers and people may put it back.",
		Sources: []string{"containerd/go-cni:opts.go", "AliyunContainerService/terway#380"},
		Run:     leftover,
	},
}

func stopOlder(t *T) {
	o := t.Open(func(s *Setup) { s.Data = Chain(PlainTerway) })
	port, ask := o.Port(probe.TCP), Asks(probe.TCP, External)
	old := o.Start(PodSpec{Ports: []Port{port}})
	o.once(old, port, refused, ask...)
	o.roll(Chain(PlainTerway, PlainPortmap, NoLinkLocal))
	o.once(old, port, refused, ask...)
	o.Answers(old, port, Asks(probe.TCP, Direct)...)
	o.Stop(old)
	o.Released(port, ask...)
	next := o.Start(PodSpec{Ports: []Port{port}})
	o.Answers(next, port, ask...)
	o.Stop(next)
	o.Released(port, ask...)
}

func rollBack(t *T) {
	with, without := Chain(PlainTerway, PlainPortmap), Chain(PlainTerway)
	o := t.Open(func(s *Setup) { s.Data = with })
	drained, kept, ask := o.Port(probe.TCP), o.Port(probe.TCP), Asks(probe.TCP, External)
	before := o.rules()
	pod := o.Start(PodSpec{Ports: []Port{drained}})
	o.Answers(pod, drained, ask...)
	o.Stop(pod)
	o.clean(before)
	pod = o.Start(PodSpec{Ports: []Port{kept}})
	o.Answers(pod, kept, ask...)
	o.roll(without)
	o.Answers(pod, kept, ask...)
	o.Released(drained, ask...)
	o.Stop(pod)
	o.leaves(before, "portmap is not in the list any more")
	o.lost(kept, nil, ask...)
	o.roll(with)
	next := o.Start(PodSpec{Ports: []Port{kept}})
	o.lost(kept, next, ask...)
	o.Stop(next)
}

func withoutBinary(t *T) {
	good := Chain(PlainTerway, PlainPortmap)
	o := t.Open(func(s *Setup) { s.Data = good })
	port, ask := o.Port(probe.TCP), Asks(probe.TCP, External)
	old := o.Start(PodSpec{Ports: []Port{port}})
	o.Answers(old, port, ask...)
	o.roll(Chain(PlainTerway, PlainPortmap, `{"type":"`+nowhere+`"}`))
	_, err := o.TryStart(PodSpec{})
	o.refusal(err, nowhere, `failed to find plugin "`+nowhere+`"`)
	o.hinted(err, "cniPlugins.installed")
	if a, ok := old.(Attachment); ok && a.Del(o, Call{}) == nil {
		o.Fail("stops", "DEL works although a plugin is missing, and it was predicted that no pod can be stopped either")
	}
	o.Answers(old, port, ask...)
	o.roll(good)
	next := o.Start(PodSpec{})
	o.Read("pod", "addresses", addressWords(next), "")
	o.Stop(next)
	o.Stop(old)
	o.Released(port, ask...)
}

func leftover(t *T) {
	for _, left := range []bool{false, true} {
		o := t.Open(func(s *Setup) {
			s.Data, s.Sabotage.LeftoverConf = Chain(PlainTerway, PlainPortmap), left
		})
		port, ask := o.Port(probe.TCP), Asks(probe.TCP, External)
		pod := o.attach(port)
		want, plugins := Want{Outcome: probe.Answered}, "terway portmap"
		if left {
			want, plugins = Want{Outcome: probe.Refused, Why: "the list is not what the runtime goes by"}, "terway"
		}
		o.once(pod, port, func(Ask) Want { return want }, ask...)
		got := called(pod)
		o.Read("node", "plugins that were called", got, plugins)
		if got != plugins {
			o.Fail("other-list", "the runtime called %q, and %q was expected", got, plugins)
		}
		o.Stop(pod)
	}
}

// called are the plugins that attached a pod.
func called(a Attachment) string {
	var all []string
	for _, c := range a.Seen() {
		if c.Command == "ADD" {
			all = append(all, c.Plugin)
		}
	}
	return strings.Join(slices.Compact(all), " ")
}
