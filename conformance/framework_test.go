// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/fake"
	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
)

// TestTransport: a probe that cannot be sent tells nothing about the chain, whenever that happens.
func TestTransport(t *testing.T) {
	for _, broken := range []string{"closed", "open", "released", "control"} {
		phase := phases()
		knobs := fake.Knobs{Transport: func(q fake.Question) error {
			if phase(q) == broken {
				return errors.New("the pipe is broken")
			}
			return nil
		}}
		if broken == "control" { // it is asked when something is wrong
			knobs.Answer = during(becomes(probe.Timeout), "open").Answer
		}
		got := runOne(t, knobs, cycle(probe.UDP, conformance.OtherNode))
		if got.Outcome != report.Inconclusive || got.Code != "transport" || !strings.Contains(got.Reason, "the pipe is broken") {
			t.Errorf("%s: got %s (%s) %s", broken, got.Outcome, got.Code, got.Reason)
		}
	}
}

// TestEvidence: a claim for which too little was seen is not proven, nor is one whose probes tell nothing.
func TestEvidence(t *testing.T) {
	much := cycle(probe.TCP, conformance.External)
	much.Evidence = 100
	nothing := func(r *probe.Result) { *r = probe.Result{} }
	for name, got := range map[string]report.Spec{
		"less than it takes":  runOne(t, fake.Knobs{}, much),
		"nothing at all":      runOne(t, fake.Knobs{}, spec(func(*conformance.T) {})),
		"probes without fate": runOne(t, during(nothing, "closed", "open", "released"), cycle(probe.TCP, conformance.External)),
	} {
		if got.Outcome != report.Inconclusive || got.Code != "evidence" {
			t.Errorf("%s: got %s (%s) %s", name, got.Outcome, got.Code, got.Reason)
		}
	}
}

// TestMissingFeatures: a spec whose feature is missing is not run, and says so; without it, what an intent wants
// is in doubt, or makes no sense.
func TestMissingFeatures(t *testing.T) {
	doubt := []conformance.Feature{conformance.PublicAddress, conformance.IPv6, conformance.Redirect, conformance.HostPorts, conformance.Outside}
	for _, f := range conformance.Features() {
		s := spec(func(*conformance.T) { t.Errorf("%s is missing, and the spec runs", f) })
		s.Needs = []conformance.Feature{f}
		got := runOne(t, fake.Knobs{Missing: func(conformance.Feature) string { return "there is none" }}, s)
		want := report.NotApplicable
		if slices.Contains(doubt, f) {
			want = report.Inconclusive
		}
		if got.Outcome != want || got.Code != "missing-"+string(f) || got.Reason == "" {
			t.Errorf("%s: got %s (%s) %q, want %s", f, got.Outcome, got.Code, got.Reason, want)
		}
	}
}

// TestFeaturesAreListed: what a spec or a mutant needs can be asked for with --require.
func TestFeaturesAreListed(t *testing.T) {
	needed := map[string][]conformance.Feature{}
	for _, s := range conformance.Specs() {
		needed[s.ID] = s.Needs
	}
	for _, m := range conformance.Mutants() {
		needed[m.ID] = m.Needs
	}
	for id, features := range needed {
		for _, f := range features {
			if !slices.Contains(conformance.Features(), f) {
				t.Errorf("%s needs %s, which is not in Features", id, f)
			}
		}
	}
}

// TestStartErrors: a chain that lets no pod start fails; a world that cannot make one tells nothing.
func TestStartErrors(t *testing.T) {
	plain := spec(func(t *conformance.T) { t.Stop(t.Start(conformance.PodSpec{})) })
	for _, c := range []struct {
		err     error
		outcome report.Outcome
		code    string
	}{
		{&conformance.StartError{Stage: conformance.StageTerway, Err: errors.New("no")}, report.Fail, "start-terway"},
		{&conformance.StartError{Stage: conformance.StageRuntime, Err: errors.New("no")}, report.Fail, "start-runtime"},
		{&conformance.StartError{Stage: conformance.StagePod, Plugin: "portmap", Err: errors.New("no")}, report.Fail, "start-pod"},
		{&conformance.StartError{Stage: conformance.StagePod, Err: errors.New("no"), Excuse: "the lab"}, report.Inconclusive, "excused"},
		{errors.New("no space left on device"), report.Inconclusive, "harness"},
		{context.DeadlineExceeded, report.Inconclusive, "harness"},
	} {
		got := runOne(t, fake.Knobs{Start: func(conformance.PodSpec) error { return c.err }}, plain)
		if got.Outcome != c.outcome || got.Code != c.code || got.Outcome == report.Fail && got.Hint == "" {
			t.Errorf("%v: got %s (%s) %s, hint %q", c.err, got.Outcome, got.Code, got.Reason, got.Hint)
		}
	}
	got := runOne(t, fake.Knobs{Stop: func(*fake.Pod) error { return errors.New("DEL fails") }}, plain)
	if got.Outcome != report.Fail || got.Code != "stop" {
		t.Errorf("a pod that cannot be stopped: got %s (%s) %s", got.Outcome, got.Code, got.Reason)
	}
}

// TestEnds: cleanups run last first, whatever becomes of the spec, and no fault in a spec or in a cleanup ends
// the run.
func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name    string
		end     func(*conformance.T)
		outcome report.Outcome
		code    string
	}{
		{"pass", func(*conformance.T) {}, report.Pass, ""},
		{"fail", func(t *conformance.T) { t.Fail("broken", "it is broken") }, report.Fail, "broken"},
		{"an expectation", func(t *conformance.T) { t.Expect("sum", 1+1).To(equal(3)) }, report.Fail, "sum"},
		{"inconclusive", func(t *conformance.T) { t.Must(errors.New("no")) }, report.Inconclusive, "harness"},
		{"not applicable", func(t *conformance.T) { t.NotApplicable("it makes no sense") }, report.NotApplicable, "not-applicable"},
		{"panic", func(*conformance.T) { panic("a mistake") }, report.Inconclusive, "harness"},
		{"index", func(t *conformance.T) { _ = t.Setup.Data["none"][1] }, report.Inconclusive, "harness"},
		{"panic in a cleanup", func(t *conformance.T) { t.Cleanup(func() { panic("a mistake") }) }, report.Inconclusive, "harness"},
		{"failure in a cleanup", func(t *conformance.T) { t.Cleanup(func() { t.Fail("late", "it is broken") }) }, report.Fail, "late"},
		{"panic in a cleanup of a spec that failed", func(t *conformance.T) {
			t.Cleanup(func() { panic("a mistake") })
			t.Fail("broken", "it is broken")
		}, report.Fail, "broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var order []int
			got := runOne(t, fake.Knobs{}, spec(func(t *conformance.T) {
				t.Start(conformance.PodSpec{})
				t.Read("pod", "addresses", "some", "")
				for i := range 3 {
					t.Cleanup(func() { order = append(order, i) })
				}
				c.end(t)
			}))
			if got.Outcome != c.outcome || got.Code != c.code {
				t.Errorf("got %s (%s) %s, want %s (%s)", got.Outcome, got.Code, got.Reason, c.outcome, c.code)
			}
			if !slices.Equal(order, []int{2, 1, 0}) {
				t.Errorf("cleanups ran in the order %v", order)
			}
		})
	}
}
