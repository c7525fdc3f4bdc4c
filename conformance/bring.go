// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// backendWorlds are worlds of host ports for each firewall that portmap programmes.
var backendWorlds = []struct{ name, portmap, kubeProxy string }{
	{cni.Iptables, PlainPortmap, terway.KubeProxyIptables},
	{cni.Nftables, NftPortmap, terway.KubeProxyNftables},
}

// eachBackend runs f in a world for each of portmap's backends, with more entries behind portmap.
func (t *T) eachBackend(f func(t *T, backend string), more ...string) {
	for _, w := range backendWorlds {
		t.named(w.name, func() {
			f(t.Open(func(s *Setup) {
				s.Data, s.Facts.KubeProxyMode = Chain(append([]string{PlainTerway, w.portmap}, more...)...), w.kubeProxy
			}), w.name)
		})
	}
}

// named says of what ends the spec in f in which of several worlds it happened.
func (t *T) named(world string, f func()) {
	defer func() {
		r := recover()
		if v, ok := r.(verdict); ok {
			v.reason = world + ": " + v.reason
			r = v
		}
		if r != nil {
			panic(r)
		}
	}()
	f()
}

// coded gives a failure in f another code.
func (t *T) coded(code string, f func()) {
	defer func() {
		r := recover()
		if v, ok := r.(verdict); ok && v.outcome == report.Fail {
			v.code = code
			r = v
		}
		if r != nil {
			panic(r)
		}
	}()
	f()
}

// silence is how long a spec waits for an answer where it wants none.
const silence = 700 * time.Millisecond

// once asks every question a single time, and does not wait long for answers that must not come.
func (t *T) once(pod Pod, port Port, want func(Ask) Want, asks ...Ask) {
	t.phase, asks = "open", slices.Clone(asks)
	for i, a := range asks {
		if want(a).Outcome == probe.Timeout {
			asks[i] = brief(asks[i : i+1])[0]
		}
	}
	t.judge(port, pod, asks, want, 1)
}

func brief(asks []Ask) []Ask {
	asks = slices.Clone(asks)
	for i := range asks {
		asks[i].Shape.Limit = silence
	}
	return asks
}

func timesOut(Ask) Want { return Want{Outcome: probe.Timeout} }

// lost requires that a port is neither answered nor refused: a rule leads to where nobody is.
func (t *T) lost(port Port, pod Pod, asks ...Ask) {
	t.phase = "released"
	for i, r := range t.AskOnce(port, pod, brief(asks)...) {
		if r.Outcome != "" && r.Outcome != probe.Timeout && r.Outcome != probe.Unreachable {
			t.FailHint("no-leak", outdated, "%s to %s: it was predicted that a rule that stays behind leads it to nobody, and it is %s", asks[i], r.To, r.Outcome)
		}
	}
}

const outdated = "a newer release of the plugins may clean up here: then the prediction, and the advice that rests on it, are out of date"

// rules that portmap made on the node for single containers.
func (t *T) rules() []string {
	seen, err := t.Env.At(OnNode).Look(t)
	t.Must(err)
	return seen.Rules
}

// left are the rules of containers that were not there before.
func (t *T) left(before []string) []string {
	return slices.DeleteFunc(t.rules(), func(rule string) bool { return slices.Contains(before, rule) })
}

const leftRules = "rules of containers that are gone"

// clean requires that no rule of a container is on the node that was not there before.
func (t *T) clean(before []string) {
	left := t.left(before)
	t.Read("node", leftRules, strconv.Itoa(len(left)), "0")
	if len(left) > 0 {
		t.FailHint("leak", hintFor(Ask{}, "leak"), "rules of a container that is gone are still on the node: %s", strings.Join(left, "; "))
	}
}

// leaves requires that rules of a container stay on the node although they should not; because says why.
func (t *T) leaves(before []string, because string) {
	left := t.left(before)
	t.Read("node", leftRules, strconv.Itoa(len(left)), "")
	if len(left) == 0 {
		t.FailHint("no-leak", outdated, "rules were predicted to stay behind, because %s, and none do", because)
	}
}

// attach starts a pod whose CNI calls can be made one by one.
func (t *T) attach(ports ...Port) Attachment {
	a, ok := t.Start(PodSpec{Ports: ports}).(Attachment)
	if !ok {
		t.Inconclusive("harness", "pods of this environment are no attachments")
	}
	return a
}

// del detaches a pod, and fails the spec where that does not work.
func (t *T) del(a Attachment, how Call) {
	if err := a.Del(t, how); err != nil {
		t.Fail("stop", "DEL fails, and the runtime will try for ever: %v", err)
	}
}

// shell runs a script on the node.
func (t *T) shell(script, stdin string) string {
	node, ok := t.Env.At(OnNode).(Operator)
	if !ok {
		t.Inconclusive("harness", "commands cannot be run on this node")
	}
	out, err := node.Shell(t, script, stdin)
	t.Must(err)
	return out
}

// roll replaces the chain, and fails the spec where Terway or the runtime refuse it.
func (t *T) roll(data map[string]string) {
	env, ok := t.Env.(Roller)
	if !ok {
		t.Inconclusive("harness", "the chain of this environment cannot be replaced")
	}
	if err := env.Roll(t, data); err != nil {
		t.notStarted(err)
	}
}
