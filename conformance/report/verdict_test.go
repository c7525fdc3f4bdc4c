// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"testing"
)

// core is a judged core spec.
func core(id string, o Outcome) Spec {
	return Spec{ID: id, Name: "name of " + id, Level: Core, Judged: true, Outcome: o, Reason: "reason of " + id, Evidence: 3, Minimum: 3}
}

func run(specs ...Spec) *Report {
	return &Report{Run: Run{Mode: Enforce}, Specs: specs}
}

// TestJudge: what a report comes to, and what the first reason says.
func TestJudge(t *testing.T) {
	ext, own, thin, empty := core("E", Fail), core("O", Fail), core("T", Pass), core("Z", Pass)
	ext.Level, own.Judged, thin.Evidence, empty.Evidence, empty.Minimum = Ext, false, 2, 0, 0
	waived := func(o Outcome) Spec {
		s := core("W", o)
		s.Waiver = &Waiver{Reason: "known", Expires: "2027-01-31"}
		return s
	}
	predicted, dirty, stale, survived, killed, unmade, nameless := run(core("A", Pass)), run(core("A", Pass)), run(core("A", Pass)), run(core("A", Pass)), run(core("A", Pass)), run(core("A", Pass)), run(core("A", Pass))
	predicted.Run.Mode, nameless.Run.Mode = Predict, ""
	dirty.Cleanup = []string{"a namespace"}
	stale.Expectations = []string{"known.yaml:1: stale"}
	survived.Mutation = &Mutation{Mutants: []Mutant{{ID: "NC-1", Name: "a mutant", Outcome: Pass}, {ID: "NC-2", Name: "another", Outcome: Fail}}}
	killed.Mutation = &Mutation{Mutants: []Mutant{{ID: "NC-1", Outcome: Pass}, {ID: "NC-2", Outcome: NotApplicable}}, Equivalent: []Mutant{{ID: "NC-3"}}}
	odd := run(core("A", Pass))
	odd.Mutation = &Mutation{Mutants: []Mutant{{ID: "NC-1", Outcome: Pass}, {ID: "NC-2", Name: "another", Outcome: Inconclusive, Reason: "no world"}}}
	unmade.Mutation = &Mutation{Mutants: []Mutant{{ID: "NC-2", Outcome: NotApplicable}}}
	for name, c := range map[string]struct {
		report      *Report
		word, first string
	}{
		"all pass":              {run(core("A", Pass), core("B", Pass)), Go, "core: 2 passed"},
		"not applicable":        {run(core("A", Pass), core("B", NotApplicable)), Go, "core: 1 passed, 1 not applicable"},
		"one fails":             {run(core("A", Pass), core("B", Fail)), NoGo, "B fails: reason of B"},
		"fails before doubts":   {run(core("A", Inconclusive), core("B", Fail)), NoGo, "B fails: reason of B"},
		"inconclusive":          {run(core("A", Pass), core("B", Inconclusive)), Hold, "B is inconclusive: reason of B"},
		"skipped":               {run(core("A", Pass), core("B", Skipped)), Hold, "B was skipped: reason of B"},
		"unknown outcome":       {run(core("A", Pass), core("B", "passed")), Hold, `B is inconclusive: nobody knows the outcome "passed"`},
		"too little evidence":   {run(core("A", Pass), thin), Hold, "T is inconclusive: it passed on 2 probes and readings where it takes 3"},
		"no evidence at all":    {run(core("A", Pass), empty), Hold, "Z is inconclusive: it passed on 0 probes and readings where it takes 1"},
		"nothing ran":           {run(), Hold, "no core spec passed"},
		"nothing applicable":    {run(core("A", NotApplicable)), Hold, "no core spec passed"},
		"nothing but ext":       {run(func() Spec { s := core("E", Pass); s.Level = Ext; return s }()), Hold, "no core spec passed"},
		"ext fails":             {run(core("A", Pass), ext), Go, "core: 1 passed"},
		"own chain fails":       {run(core("A", Pass), own), Go, "core: 1 passed"},
		"predict":               {predicted, Hold, "mode predict tests the suite"},
		"no mode":               {nameless, Hold, `mode "" is not enforce`},
		"clean-up":              {dirty, Hold, "clean-up is incomplete: a namespace"},
		"stale expectation":     {stale, Hold, "expectations: known.yaml:1: stale"},
		"mutant survived":       {survived, Hold, "mutant NC-2 (another) survived: no spec noticed"},
		"mutant undecided":      {odd, Hold, "mutant NC-2 (another) is undecided: no world"},
		"mutants killed":        {killed, Go, "core: 1 passed"},
		"no mutant made":        {unmade, Hold, "mutants were asked for, and none could be made here"},
		"accepted failure":      {run(core("A", Pass), waived(Fail)), Go, "GO with 1 waiver"},
		"accepted skip":         {run(core("A", Pass), waived(Skipped)), Go, "GO with 1 waiver"},
		"accepted, others fail": {run(core("A", Fail), waived(Fail)), NoGo, "A fails"},
		"accepted, and passes":  {run(core("A", Pass), waived(Pass), core("B", NotApplicable)), Go, "core: 2 passed"},
		"only accepted":         {run(waived(Fail)), Hold, "no core spec passed"},
		"one cause":             {run(hinted("A"), hinted("B"), core("C", Pass)), NoGo, "A, B fail; likely cause: snat"},
	} {
		t.Run(name, func(t *testing.T) {
			v := Judge(c.report)
			if v.Word != c.word || v.Exit != exits[c.word] || len(v.Reasons) == 0 || !strings.HasPrefix(v.Reasons[0], c.first) {
				t.Errorf("%+v, want %s: %s", v, c.word, c.first)
			}
		})
	}
}

func hinted(id string) Spec {
	s := core(id, Fail)
	s.Hint = "snat"
	return s
}

// TestExits are those of the contract.
func TestExits(t *testing.T) {
	for word, exit := range map[string]int{"GO": 0, "NO-GO": 1, "NOT-RUN": 3, "HOLD": 4} {
		if exits[word] != exit {
			t.Errorf("%s: exit %d, want %d", word, exits[word], exit)
		}
	}
	if v := NotRun("no\nroot"); v.Word != DidNotRun || v.Exit != 3 || v.Reasons[0] != "no root" {
		t.Errorf("%+v", v)
	}
}

// TestReasonsAreFew: many reasons are cut, and none is longer than a line.
func TestReasonsAreFew(t *testing.T) {
	r := run()
	for i := range 20 {
		s := core(fmt.Sprintf("S-%02d", i), Fail)
		s.Reason = fmt.Sprintf("line %d\nanother \x1b[31m%s", i, strings.Repeat("long ", 200))
		r.Specs = append(r.Specs, s)
	}
	v := Judge(r)
	if len(v.Reasons) != maxReasons+1 || v.Reasons[maxReasons] != "and 13 more" {
		t.Errorf("%d reasons, the last is %q", len(v.Reasons), v.Reasons[len(v.Reasons)-1])
	}
	for _, reason := range v.Reasons {
		if len([]rune(reason)) > maxLine || strings.ContainsAny(reason, "\n\x1b") {
			t.Errorf("no line: %q", reason)
		}
	}
}

// TestFixtureVerdicts: the fixtures say what they come to.
func TestFixtureVerdicts(t *testing.T) {
	for _, name := range []string{"go", "no-go"} {
		r := fixture(t, name)
		if v := Judge(r); fmt.Sprint(v) != fmt.Sprint(r.Verdict) {
			t.Errorf("%s: %v, and the file says %v", name, v, r.Verdict)
		}
	}
}
