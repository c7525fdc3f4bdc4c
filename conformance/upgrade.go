// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
)

// Keeper is an environment with pods that were started before an upgrade; see [Before].
type Keeper interface {
	// Kept are these pods, as long as they are there; the error names one that is gone.
	Kept(ctx context.Context) ([]KeptPod, error)
	// Sampled is what a client in the cluster found who asked them all the time.
	Sampled(ctx context.Context) ([]Sampled, error)
}

// KeptPod is a pod from before, with a host port of each protocol.
type KeptPod struct {
	Pod
	TCP, UDP Port
}

// Sampled is one question that was asked all the time.
type Sampled struct {
	// Name says who was asked, and how.
	Name string
	// Asked is how often, Lost how often nobody answered who had to, Broken how many long connections were lost.
	Asked, Lost, Broken int
	// HostPort: it was asked at a host port.
	HostPort bool
	// Longest time without an answer, and words for each.
	Longest time.Duration
	Gaps    []string
}

// NoGate is why there are no pods from before.
const NoGate = "no pods are there from before an upgrade: gate --before makes them, and gate --after asks them"

// tolerated is how long a sample may go without an answer: two questions, which a node that is busy loses.
const tolerated = 3 * time.Second

// upgradeSpecs are about what an upgrade did to pods that ran through it. UPG-001, UPG-002, UPG-006 and UPG-007 are steps
// of the command gate.
var upgradeSpecs = []Spec{
	{
		ID: "UPG-003", Name: "host ports and pods from before the upgrade were answered throughout", Level: Core, Needs: []Feature{Before}, Evidence: 2,
		Why: "An upgrade of a network plugin must not interrupt pods that run. A client in the cluster asked them once a second, by new and by long connections; gaps of up to three seconds are recorded only.",
		Run: func(t *T) {
			all, err := t.keeper().Sampled(t)
			t.Must(err)
			all = slices.DeleteFunc(all, func(s Sampled) bool { return s.HostPort && !WantHostPorts.Asked(t.Intent, false) })
			for _, s := range all {
				got := fmt.Sprintf("%d asked, %d lost, %d long connections broken", s.Asked, s.Lost, s.Broken)
				if s.Gaps != nil {
					got += ": " + strings.Join(s.Gaps, "; ")
				}
				t.Read("cluster", s.Name, got, "")
				if s.Asked == 0 {
					t.Inconclusive("evidence", "%s was never asked", s.Name)
				}
			}
			for _, s := range all {
				if s.Longest > tolerated {
					t.Fail("interrupted", "%s went without an answer for %.1f s: %s", s.Name, s.Longest.Seconds(), strings.Join(s.Gaps, "; "))
				}
			}
		},
	},
	{
		ID: "UPG-004", Name: "pods from before the upgrade do what they did", Level: Core, Needs: []Feature{Before}, Evidence: 1,
		Why: "They went through the old chain: their mappings are rules on the node, which whatever is new there may have removed, and their addresses what it may have changed.",
		Run: func(t *T) {
			for _, p := range t.kept() {
				t.Answers(p, p.TCP, Asks(probe.TCP, Direct)...)
				if WantHostPorts.Asked(t.Intent, false) {
					t.Answers(p, p.TCP, Asks(probe.TCP, OwnNode, OtherNode)...)
					t.Answers(p, p.UDP, Asks(probe.UDP, OwnNode)...)
				}
				if WantNoIPv6.Asked(t.Intent, false) {
					t.absent("", "if_inet6", inet6(t.settled(p)))
				}
			}
		},
	},
	{
		ID: "UPG-005", Name: "pods from before the upgrade can be deleted, and their host ports are refused then", Level: Core, For: WantHostPorts, Needs: []Feature{Before, HostPorts}, Evidence: 2,
		Why: "They are detached by the new chain, by plugins of the new release: what these do not find, nobody will ever remove.",
		Run: func(t *T) {
			for _, p := range t.kept() {
				t.Stop(p)
				t.Released(p.TCP, Asks(probe.TCP, OwnNode, OtherNode)...)
				t.Released(p.UDP, Asks(probe.UDP, OwnNode)...)
			}
		},
	},
}

func (t *T) keeper() Keeper {
	k, ok := t.Env.(Keeper)
	if !ok {
		t.Inconclusive("harness", "this environment keeps no pods")
	}
	return k
}

func (t *T) kept() []KeptPod {
	all, err := t.keeper().Kept(t)
	if err != nil {
		t.Inconclusive("gone", "%v", err)
	}
	return all
}
