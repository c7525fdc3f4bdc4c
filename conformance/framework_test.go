// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/fake"
	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/render"
)

// runOne runs one spec in a world of its own, whose time costs none.
func runOne(t *testing.T, knobs fake.Knobs, spec *conformance.Spec) (got report.Spec) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		world := fake.New(conformance.DefaultSetup(), knobs)
		session := &conformance.Session{Env: world, Setup: conformance.DefaultSetup(), Intent: everything}
		got = conformance.Run(t.Context(), session, spec)
		if err := session.Close(t.Context()); err != nil || !world.Closed() || world.Running() > 0 {
			t.Errorf("%s leaves %d pods behind (%v)", spec.ID, world.Running(), err)
		}
	})
	return got
}

// everything is an intent that makes every wish.
var everything = render.IntentSpec{
	HostPorts: &render.HostPorts{Exposure: render.Public}, IPv6LinkLocal: render.Disabled, Sysctls: map[string]string{"net.ipv6.conf.all.disable_ipv6": "1"},
}

func spec(run func(*conformance.T)) *conformance.Spec {
	return &conformance.Spec{ID: "TST-001", Name: "the suite is right", Level: conformance.Core, Evidence: 1, Why: "It is a test.", Run: run}
}

// cycle is closed, open, closed from one vantage.
func cycle(protocol string, from conformance.Vantage) *conformance.Spec {
	s := spec(func(t *conformance.T) { t.Cycle(t.Port(protocol), conformance.Asks(protocol, from)...) })
	s.Evidence = 3
	return s
}

// preserved wants clients to keep their address.
func preserved(from conformance.Vantage) *conformance.Spec {
	return spec(func(t *conformance.T) {
		port := t.Port(probe.TCP)
		pod := t.Start(conformance.PodSpec{Ports: []conformance.Port{port}})
		want := conformance.Want{Outcome: probe.Answered, Class: conformance.Preserved}
		t.Sees(pod, port, func(conformance.Ask) conformance.Want { return want }, conformance.Asks(probe.TCP, from)...)
	})
}

// phase of a question: before, while and after a pod runs that has the port; control for the control's.
func phases() func(fake.Question) string {
	had := map[netip.AddrPort]bool{}
	return func(q fake.Question) string {
		switch {
		case q.Control:
			return "control"
		case q.Pod != nil:
			had[q.To] = true
			return "open"
		case had[q.To]:
			return "released"
		}
		return "closed"
	}
}

// during changes the answers of some phases.
func during(change func(*probe.Result), in ...string) fake.Knobs {
	phase := phases()
	return fake.Knobs{Answer: func(q fake.Question, r probe.Result) probe.Result {
		if slices.Contains(in, phase(q)) {
			change(&r)
		}
		return r
	}}
}

func becomes(o probe.Outcome) func(*probe.Result) {
	return func(r *probe.Result) { r.Outcome, r.Reply = o, nil }
}

// answeredBy puts an answer of somebody in the place of what would come.
func answeredBy(identity string) func(*probe.Result) {
	return func(r *probe.Result) {
		r.Outcome, r.Reply = probe.Answered, &probe.Reply{Identity: identity, Peer: r.Local, Local: r.To}
	}
}

// third changes the third answer of a running pod only.
func third(change func(*probe.Result)) fake.Knobs {
	answers := 0
	return during(func(r *probe.Result) {
		if answers++; answers == 3 {
			change(r)
		}
	}, "open")
}

func seenAs(address string) func(*probe.Result) {
	return func(r *probe.Result) { r.Reply.Peer = netip.AddrPortFrom(netip.MustParseAddr(address), 40000) }
}

// TestPhases: closed, open and closed are each needed, and blame goes where it belongs.
func TestPhases(t *testing.T) {
	external := cycle(probe.TCP, conformance.External)
	for _, c := range []struct {
		name    string
		spec    *conformance.Spec
		knobs   fake.Knobs
		outcome report.Outcome
		code    string
	}{
		{"a perfect world", external, fake.Knobs{}, report.Pass, ""},
		{"somebody answers before", external, during(answeredBy("rogue"), "closed"), report.Fail, "not-closed"},
		{"silence before", external, during(becomes(probe.Timeout), "closed"), report.Fail, "not-closed"},
		{"a reset before", external, during(becomes(probe.Reset), "closed"), report.Fail, "not-closed"},
		{"refused while it runs", external, during(becomes(probe.Refused), "open"), report.Fail, "refused"},
		{"silence while it runs", external, during(becomes(probe.Timeout), "open"), report.Fail, "timeout"},
		{"no route while it runs", external, during(becomes(probe.Unreachable), "open"), report.Fail, "unreachable"},
		{"a wrong nonce", external, during(becomes(probe.WrongAnswer), "open"), report.Fail, "wrong-answer"},
		{"another identity", external, during(answeredBy("pod-0"), "open"), report.Fail, "wrong-answer"},
		{"no identity", external, during(answeredBy(""), "open"), report.Fail, "wrong-answer"},
		{"another identity at the third time", external, third(answeredBy("pod-0")), report.Fail, "wrong-answer"},
		{"silence at the third time", external, third(becomes(probe.Timeout)), report.Fail, "timeout"},
		{"silence after", external, during(becomes(probe.Timeout), "released"), report.Fail, "leak"},
		{"no route after", external, during(becomes(probe.Unreachable), "released"), report.Fail, "leak"},
		{"the pod answers after", external, during(answeredBy("pod-1"), "released"), report.Fail, "leak"},
		{"another address", preserved(conformance.External), during(seenAs("10.0.0.99"), "open"), report.Fail, "wrong-source"},
		{"the node's address", preserved(conformance.External), during(seenAs("10.0.0.10"), "open"), report.Fail, "wrong-source"},
		{"the client's address", preserved(conformance.External), fake.Knobs{}, report.Pass, ""},
		{"another address at the third time", preserved(conformance.External), third(seenAs("10.0.0.99")), report.Fail, "wrong-source"},

		{"everything is blocked", external, during(becomes(probe.Timeout), "closed", "open", "released", "control"), report.Inconclusive, "path-blocked"},
		{"blocked since the pod started", external, during(becomes(probe.Timeout), "open", "control"), report.Inconclusive, "path-blocked"},
		{"blocked since the pod is gone", external, during(becomes(probe.Timeout), "released", "control"), report.Inconclusive, "path-blocked"},
		{"refused by a firewall", external, during(becomes(probe.Refused), "open", "control"), report.Inconclusive, "path-blocked"},
		{"somebody else is the control", external, blockedBy(answeredBy("pod-0")), report.Inconclusive, "path-blocked"},
		{"a wrong answer over a path that is blocked for the control", external, blockedBy(becomes(probe.Timeout), answeredBy("pod-0")), report.Fail, "wrong-answer"},
		{"a hairpin has no control", cycle(probe.TCP, conformance.Hairpin), during(becomes(probe.Timeout), "open", "control"), report.Fail, "timeout"},
		{"nor has the plain network", cycle(probe.TCP, conformance.Direct), during(becomes(probe.Timeout), "open", "control"), report.Fail, "timeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runOne(t, c.knobs, c.spec)
			if got.Outcome != c.outcome || got.Code != c.code {
				t.Errorf("got %s (%s) %s; want %s (%s)", got.Outcome, got.Code, got.Reason, c.outcome, c.code)
			}
			if got.Outcome != report.Pass && got.Reason == "" {
				t.Error("it does not say why")
			}
		})
	}
}

// blockedBy changes the control's answer, and that of the pod: silence, if it is not said how.
func blockedBy(control func(*probe.Result), open ...func(*probe.Result)) fake.Knobs {
	phase := phases()
	return fake.Knobs{Answer: func(q fake.Question, r probe.Result) probe.Result {
		switch phase(q) {
		case "control":
			control(&r)
		case "open":
			append(open, becomes(probe.Timeout))[0](&r)
		}
		return r
	}}
}

// TestReleaseIsWaitedFor: a port that is refused soon after the pod is gone is no leak.
func TestReleaseIsWaitedFor(t *testing.T) {
	late := 3
	got := runOne(t, during(func(r *probe.Result) {
		if late--; late >= 0 {
			becomes(probe.Timeout)(r)
		}
	}, "released"), cycle(probe.TCP, conformance.External))
	if got.Outcome != report.Pass {
		t.Errorf("got %s (%s) %s", got.Outcome, got.Code, got.Reason)
	}
}

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
	doubt := []conformance.Feature{conformance.PublicAddress, conformance.IPv6, conformance.Redirect, conformance.HostPorts}
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
