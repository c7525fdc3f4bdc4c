// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// cycles of LIF-011: what grows with each pod is seen after one, the others are for what grows now and then.
const cycles = 10

// allRules counts everything in the firewalls, what is shared included.
const allRules = "iptables-save 2>/dev/null | grep -c '^-A' || true; nft list ruleset 2>/dev/null | wc -l"

func manyCycles(t *T, _ string) {
	port, before := t.Port(probe.TCP), t.rules()
	pod := t.attach(port)
	t.Answers(pod, port, Asks(probe.TCP, External)...)
	t.del(pod, Call{})
	first := t.shell(allRules, "")
	start := time.Now()
	for i := range cycles {
		t.add(pod, Call{})
		t.del(pod, Call{})
		if i == 4 || i == cycles-1 {
			t.Read("node", "time of "+strconv.Itoa(i+1)+" pods", elapsed(start), "")
		}
	}
	t.clean(before)
	last := t.shell(allRules, "")
	t.Read("node", "rules of iptables and lines of nft", strings.Join(strings.Fields(last), " "), strings.Join(strings.Fields(first), " "))
	if first != last {
		t.Fail("growth", "the firewalls had %q rules and lines after the first pod, and have %q after %d more", strings.Fields(first), strings.Fields(last), cycles)
	}
	t.Released(port, Asks(probe.TCP, External)...)
}

// add attaches a pod once more, and fails the spec where that does not work.
func (t *T) add(a Attachment, how Call) {
	if err := a.Add(t, how); err != nil {
		t.notStarted(err)
	}
}

// cannotAdd requires that ADD fails, with words in its message and that plugin at fault.
func (t *T) cannotAdd(a Attachment, how Call, plugin, words string) {
	t.refusal(a.Add(t, how), plugin, words)
}

// refusal requires that an error is the one that was predicted.
func (t *T) refusal(err error, plugin, words string) {
	var start *StartError
	if err == nil {
		t.Fail("starts", "ADD works, and %s was predicted to fail with %q", plugin, words)
	}
	if !errors.As(err, &start) {
		t.Must(err)
	}
	t.Read("node", "ADD", err.Error(), "")
	if start.Plugin != plugin || !strings.Contains(err.Error(), words) {
		t.Fail("other-error", "%s was predicted to fail with %q, and what failed is %q: %v", plugin, words, start.Plugin, err)
	}
}

// hinted requires that the hint at the cause of an error names a fact.
func (t *T) hinted(err error, fact string) {
	var start *StartError
	if !errors.As(err, &start) || !strings.Contains(start.Hint(), fact) {
		t.Fail("hint", "the hint does not name the fact %s: %v", fact, err)
	}
}

func killedAdd(t *T, _ string) {
	port, before := t.Port(probe.TCP), t.rules()
	pod := t.attach(port)
	t.Answers(pod, port, Asks(probe.TCP, External)...)
	t.del(pod, Call{})
	for _, plugin := range []string{terway.PluginType, cni.Portmap} {
		t.cannotAdd(pod, Call{KilledAfter: plugin}, plugin, "killed")
		if plugin == cni.Portmap {
			t.leaves(before, "ADD was killed after portmap")
		}
		t.del(pod, Call{})
		t.clean(before)
	}
	t.Released(port, Asks(probe.TCP, External)...)
}

// leak detaches a pod in a way that leaves its rules, and then as it should be.
func (t *T) leak(how Call, because string) {
	port, before := t.Port(probe.TCP), t.rules()
	ask := Asks(probe.TCP, External, OwnNode)
	pod := t.attach(port)
	t.Answers(pod, port, ask...)
	t.del(pod, how)
	t.leaves(before, because)
	t.lost(port, pod, ask...)
	t.del(pod, Call{})
	t.clean(before)
	t.Released(port, ask...)
}

func (t *T) renamed(backend string) {
	renamed := Call{Name: "renamed"}
	if backend == cni.Iptables {
		t.leak(renamed, "the name of portmap's chain is made from the network's")
		return
	}
	port, before := t.Port(probe.TCP), t.rules()
	pod := t.attach(port)
	t.Answers(pod, port, Asks(probe.TCP, External)...)
	t.del(pod, renamed)
	t.clean(before)
	t.Released(port, Asks(probe.TCP, External)...)
}

// otherBackend detaches a pod with the list of the backend that did not attach it.
func otherBackend(t *T, backend string) {
	other := NftPortmap
	if backend == cni.Nftables {
		other = PlainPortmap
	}
	port, before := t.Port(probe.TCP), t.rules()
	ask := Asks(probe.TCP, External)
	old := t.attach(port)
	t.Answers(old, port, ask...)
	t.del(old, Call{Data: Chain(PlainTerway, other)})
	t.Must(old.Destroy())
	t.leaves(before, "portmap cleans up in the other firewall")
	next := t.Start(PodSpec{Ports: []Port{port}})
	t.lost(port, next, ask...)
	t.sweep(next)
	t.Answers(next, port, ask...)
	t.Stop(next)
	t.clean(before)
	t.Released(port, ask...)
}

// sweep removes by hand the rules of all pods but those that live.
func (t *T) sweep(alive ...Pod) string {
	var ids []string
	for _, pod := range alive {
		a, ok := pod.(Attachment)
		if !ok {
			t.Inconclusive("harness", "pods of this environment are no attachments")
		}
		ids = append(ids, a.ContainerID())
	}
	return t.shell(orphansScript, strings.Join(ids, "\n"))
}

func missingBinary(t *T, _ string) {
	port, before := t.Port(probe.TCP), t.rules()
	ask := Asks(probe.TCP, External)
	pod := t.attach(port)
	t.Answers(pod, port, ask...)
	t.del(pod, Call{})
	without := Call{WithoutPlugin: cni.Tuning}
	t.cannotAdd(pod, without, cni.Tuning, `failed to find plugin "tuning"`)
	if err := pod.Del(t, without); err == nil {
		t.Fail("no-leak", "DEL works without the binary of the last plugin, and it was predicted to fail")
	}
	t.leaves(before, "DEL stopped at the plugin that is missing")
	t.del(pod, Call{})
	t.clean(before)
	t.Released(port, ask...)
}

// unruled are commands that remove by hand what portmap made for all containers.
var unruled = map[string]string{
	cni.Iptables: `iptables-save -t nat | sed -n 's/^:\(CNI-DN-[^ ]*\) .*/\1/p' | xargs -n1 iptables -w -t nat -F`,
	cni.Nftables: "nft flush chain ip cni_hostport hostports",
}

func checkNotices(t *T, backend string) {
	port := t.Port(probe.TCP)
	pod := t.attach(port)
	t.Answers(pod, port, Asks(probe.TCP, External)...)
	if err := pod.Check(t); err != nil {
		t.Fail("false-alarm", "CHECK fails for a healthy pod, and CRI-O starts none: %v", err)
	}
	t.Read("node", "CHECK", "passes", "passes")
	t.shell(unruled[backend], "")
	t.once(pod, port, refused, Asks(probe.TCP, External)...)
	err := pod.Check(t)
	if err == nil {
		t.Fail("blind", "CHECK passes for a pod whose rules are gone")
	}
	t.Observe(report.Observation{Vantage: "node", Target: "CHECK without the rules", Got: "fails", Expected: "fails"})
	t.Stop(pod)
}

// orphans makes rules of a pod that is gone beside those of one that lives, and removes them.
func orphans(t *T, _ string) {
	stays, goes := t.Port(probe.TCP), t.Port(probe.TCP)
	ask := Asks(probe.TCP, External)
	none := t.rules()
	alive := t.attach(stays)
	before := t.rules()
	gone := t.attach(goes)
	t.Answers(gone, goes, ask...)
	t.Must(gone.Destroy())
	t.leaves(before, "nobody called DEL")
	t.lost(goes, gone, ask...)
	if node, ok := t.Env.At(OnNode).(Operator); ok {
		if _, err := node.Shell(t, orphansScript, ""); err == nil {
			t.Fail("reckless", "the script works where nobody tells it who lives, and would remove all host ports")
		}
	}
	t.sweep(alive)
	t.clean(before)
	t.Released(goes, ask...)
	t.Answers(alive, stays, ask...)
	t.Stop(alive)
	t.clean(none)
	t.Released(stays, ask...)
}
