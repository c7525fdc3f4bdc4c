// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func pick[T any](rng *rand.Rand, all ...T) T { return all[rng.IntN(len(all))] }

// generated is some report; equal seeds give equal ones.
func generated(seed uint64) *Report {
	rng := rand.New(rand.NewPCG(seed, 1))
	r := &Report{
		Run:     Run{Mode: pick(rng, Enforce, Enforce, Predict), Environment: pick(rng, "netns", "kind"), Tool: pick(rng, "v1", "v2"), StandIn: pick(rng, "", "stub")},
		Target:  Target{Name: "t", Hash: pick(rng, "", "sha256:1", "sha256:2"), Conflist: pick(rng, "", "a", "b"), Backend: pick(rng, "", "iptables", "nftables")},
		Cleanup: pick(rng, nil, []string{"x"}),
	}
	for _, intent := range []string{"host ports", "no link-local"} {
		if rng.IntN(3) > 0 {
			r.Target.Intents = append(r.Target.Intents, intent)
		}
	}
	for i := range rng.IntN(5) {
		r.Facts = append(r.Facts, Fact{Name: fmt.Sprintf("f%d", i%3), Value: pick(rng, "1", "2"), Source: pick(rng, "a", "b")})
	}
	for i := range 12 {
		for range pick(rng, 0, 1, 1, 1, 1, 2) {
			r.Specs = append(r.Specs, generatedSpec(rng, i))
		}
	}
	r.Verdict = Judge(r)
	return r
}

func generatedSpec(rng *rand.Rand, i int) Spec {
	s := Spec{
		ID: fmt.Sprintf("S-%02d", i), Name: fmt.Sprintf("name %d", i), Level: pick(rng, Core, Ext), Judged: rng.IntN(4) > 0, Evidence: pick(rng, 0, 3, 3, 3), Minimum: 2,
		Outcome: pick(rng, Pass, Pass, Pass, Fail, Inconclusive, Skipped, NotApplicable, "odd"), Reason: pick(rng, "", "r1", "r2"), Hint: pick(rng, "", "h1", "h2"),
	}
	for range rng.IntN(6) {
		o := Observation{Phase: pick(rng, "closed", "open"), Vantage: pick(rng, "external", "node"), Got: pick(rng, "answered", "timeout"), Class: pick(rng, "", "node", "preserved")}
		if rng.IntN(3) > 0 {
			o.Protocol, o.Family = pick(rng, "tcp", "udp"), pick(rng, 4, 6)
		}
		o.Target = pick(rng, "10.0.0.1:1", "10.0.0.2:2", "127.0.0.1:3", "eth0")
		s.Observations = append(s.Observations, o)
	}
	return s
}

const generations = 150

// TestCompareItself: nothing changed.
func TestCompareItself(t *testing.T) {
	for seed := range uint64(generations) {
		r := generated(seed)
		if c := Compare(r, r); !c.Empty() {
			t.Fatalf("seed %d: %s", seed, c.Text(false))
		}
	}
}

// TestCompareMirror: seen from the other side, regressions are fixes and new specs are removed ones.
func TestCompareMirror(t *testing.T) {
	different := 0
	for seed := range uint64(generations) {
		a, b := generated(2*seed), generated(2*seed+1)
		there, back := Compare(a, b), Compare(b, a)
		if !there.Empty() {
			different++
		}
		if diff := cmp.Diff(lists(there), lists(mirrored(back))); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
	if different < generations*9/10 {
		t.Errorf("only %d of %d generated pairs differ", different, generations)
	}
}

// lists are the parts that have a mirror image.
func lists(c *Comparison) map[string]any {
	all := map[string]any{"drift": c.Drift, "environment": c.Environment}
	for name, changes := range map[string][]Change{"regressions": c.Regressions, "fixed": c.Fixed, "new": c.New, "removed": c.Removed} {
		changes = slices.Clone(changes)
		for i := range changes {
			changes[i].Reason, changes[i].Hint, changes[i].Accepted = "", "", false // the words are those of one side
		}
		all[name] = changes
	}
	return all
}

func mirrored(c *Comparison) *Comparison {
	m := &Comparison{Regressions: swapped(c.Fixed), Fixed: swapped(c.Regressions), New: swapped(c.Removed), Removed: swapped(c.New)}
	for _, d := range c.Drift {
		d.Before, d.After = d.After, d.Before
		m.Drift = append(m.Drift, d)
	}
	for _, d := range c.Environment {
		m.Environment = append(m.Environment, Difference{d.What, d.After, d.Before})
	}
	return m
}

func swapped(all []Change) []Change {
	var other []Change
	for _, c := range all {
		c.Before, c.After = c.After, c.Before
		other = append(other, c)
	}
	return other
}

// TestCompareOrder: the order of facts, specs and observations does not matter.
func TestCompareOrder(t *testing.T) {
	for seed := range uint64(generations) {
		a, b := generated(2*seed), generated(2*seed+1)
		want := Compare(a, b)
		got := Compare(shuffled(a, seed), shuffled(b, seed+7))
		if diff := cmp.Diff(lists(want), lists(got)); diff != "" || got.Verdict.Word != want.Verdict.Word {
			t.Fatalf("seed %d: %s %s %s", seed, got.Verdict.Word, want.Verdict.Word, diff)
		}
	}
}

func shuffled(r *Report, seed uint64) *Report {
	rng := rand.New(rand.NewPCG(seed, 2))
	other := *r
	other.Facts, other.Specs, other.Target.Intents = slices.Clone(r.Facts), slices.Clone(r.Specs), slices.Clone(r.Target.Intents)
	rng.Shuffle(len(other.Facts), func(i, j int) { other.Facts[i], other.Facts[j] = other.Facts[j], other.Facts[i] })
	rng.Shuffle(len(other.Specs), func(i, j int) { other.Specs[i], other.Specs[j] = other.Specs[j], other.Specs[i] })
	slices.Reverse(other.Target.Intents)
	for i := range other.Specs {
		all := slices.Clone(other.Specs[i].Observations)
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		other.Specs[i].Observations = all
	}
	return &other
}

// TestCompareVerdict: what two runs come to, and what the first reason says.
func TestCompareVerdict(t *testing.T) {
	probe := func(got, class, target string) Spec {
		s := core("A", Pass)
		s.Observations = []Observation{{Phase: "open", Vantage: "external", Protocol: "tcp", Family: 4, Target: target, Got: got, Class: class}}
		return s
	}
	with := func(r *Report, change func(*Report)) *Report { change(r); r.Verdict = Judge(r); return r }
	beside := func(s Spec) *Report { s.ID, s.Level = "E", Ext; return run(core("A", Pass), s) }
	ext := func(o Outcome) Spec { s := core("E", o); s.Level = Ext; return s }
	waived := core("B", Fail)
	waived.Waiver = &Waiver{Reason: "known"}
	for name, c := range map[string]struct {
		before, after *Report
		word, first   string
	}{
		"the same":                 {run(core("A", Pass)), run(core("A", Pass)), Go, "1 core spec passed in both runs"},
		"another address and port": {run(probe("answered", "node", "10.0.0.1:20001")), run(probe("answered", "node", "10.0.0.2:20009")), Go, "1 core spec"},
		"regression":               {run(core("A", Pass), core("B", Pass)), run(core("A", Pass), core("B", Fail)), NoGo, "B passed before and fails now: reason of B"},
		"accepted regression":      {run(core("A", Pass), core("B", Pass)), run(core("A", Pass), waived), Go, "1 core spec"},
		"to inconclusive":          {run(core("A", Pass), core("B", Pass)), run(core("A", Pass), core("B", Inconclusive)), NoGo, "B passed before and is inconclusive now"},
		"ext regression":           {run(core("A", Pass), ext(Pass)), run(core("A", Pass), ext(Fail)), Go, "1 core spec"},
		"fixed":                    {run(core("A", Pass), core("B", Fail)), run(core("A", Pass), core("B", Pass)), Go, "1 core spec"},
		"still failing":            {run(core("A", Pass), core("B", Fail)), run(core("A", Pass), core("B", Fail)), NoGo, "the run after is NO-GO by itself: B fails"},
		"removed":                  {run(core("A", Pass), core("B", Pass)), run(core("A", Pass)), Hold, "B came to a result before and is not there now"},
		"not applicable any more":  {run(core("A", Pass), core("B", Pass)), run(core("A", Pass), core("B", NotApplicable)), Hold, "B came to a result before and is not applicable now"},
		"ext removed":              {run(core("A", Pass), ext(Pass)), run(core("A", Pass)), Go, "1 core spec"},
		"new":                      {run(core("A", Pass)), run(core("A", Pass), core("B", Pass)), Go, "1 core spec"},
		"drift of class":           {run(probe("answered", "node", "10.0.0.1:1")), run(probe("answered", "preserved", "10.0.0.1:1")), Hold, "drift: A: open, external client to address, TCP4: source class was node and is preserved"},
		"drift of outcome":         {run(probe("refused", "", "10.0.0.1:1")), run(probe("timeout", "", "10.0.0.1:1")), Hold, "drift: A: open, external client to address, TCP4: got was refused and is timeout"},
		"drift beyond the core":    {beside(probe("refused", "", "10.0.0.1:1")), beside(probe("timeout", "", "10.0.0.1:1")), Go, "1 core spec"},
		"another kind of target":   {run(probe("refused", "", "10.0.0.1:1")), run(probe("refused", "", "127.0.0.1:1")), Hold, "drift: A: other probes and readings: before (open, external client to address, TCP4); after (open, external client to loopback, TCP4)"},
		"backend":                  {run(core("A", Pass)), with(run(core("A", Pass)), func(r *Report) { r.Target.Backend = "nftables" }), Hold, "drift: backend was not there and is nftables"},
		"chain":                    {run(core("A", Pass)), with(run(core("A", Pass)), func(r *Report) { r.Target.Hash = "sha256:1" }), Hold, "drift: chain hash was not there and is sha256:1"},
		"facts":                    {run(core("A", Pass)), with(run(core("A", Pass)), func(r *Report) { r.Facts = []Fact{{"a", "b", "c"}} }), Go, "1 core spec"},
		"intents":                  {run(core("A", Pass)), with(run(core("A", Pass)), func(r *Report) { r.Target.Intents = []string{"x"} }), Hold, "the two runs have different intents, so they do not prove the same: only before: none; only after: x"},
		"nothing in common":        {run(core("A", Pass)), run(core("B", Pass)), Hold, "no core spec passed in both runs, so nothing was compared"},
		"after in doubt":           {run(core("A", Pass)), with(run(core("A", Pass)), func(r *Report) { r.Cleanup = []string{"x"} }), Hold, "the run after is HOLD by itself: clean-up is incomplete: x"},
		"not run":                  {run(core("A", Pass)), &Report{Run: Run{Mode: Enforce}, Verdict: NotRun("no root")}, DidNotRun, "the run after did not come about: no root"},
	} {
		t.Run(name, func(t *testing.T) {
			v := Compare(c.before, c.after).Verdict
			if v.Word != c.word || v.Exit != exits[c.word] || len(v.Reasons) == 0 || !strings.HasPrefix(v.Reasons[0], c.first) {
				t.Errorf("%+v, want %s: %s", v, c.word, c.first)
			}
		})
	}
}

func TestKinds(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.1:20001": "address", "10.0.0.1": "address", "[fd00::1]:53": "address", "::ffff:10.0.0.1": "address", "127.0.0.2:1": "loopback", "::1/128": "loopback",
		"fe80::1%eth0": "link-local", "fe80::5054:ff:fe12:3456/64": "link-local", "0.0.0.0": "unspecified", "[::]:80": "unspecified", "ff02::1": "multicast",
		"node-a:20001": "node-a:port", ":80": ":port", "63ms": "duration", "1.5s, 2": "duration 2", "eth0": "eth0", "all=1 default=0": "all=1 default=0",
		"src=10.0.0.1": "src=address", "1024": "1024", "": "", "fe80::1, ::1": "link-local loopback",
		`container "77383ca0a0715733" of veth12ab34cd`: "container ID of vethID", "1m2.5s": "duration", "20 ms": "duration", "20 ms, 1.5 s": "duration duration", "rules about port 20001": "rules about port N", "took=9ms": "took=duration", "3 mappings": "3 mappings", "(10.0.0.1)": "address",
	} {
		if got := kinds(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
