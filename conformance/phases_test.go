// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"net/netip"
	"slices"
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
