// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"

	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/render"
)

// Session is one environment with everything that specs share: clients that live long, and port numbers.
type Session struct {
	Env Environment
	// Opener makes environments for specs that bring their own chain, nil where that is not possible.
	Opener Opener
	// Setup that Env runs, and what its intents ask for.
	Setup  Setup
	Intent render.IntentSpec
	// Predict: specs are judged by the prediction instead of the intent.
	Predict bool
	// Lane of the session among several on one cluster, below [Lanes]: each has host ports of its own.
	Lane    int
	clients map[Vantage]Pod
	port    uint16
	control uint16
}

// Host ports of the suite; none is used twice in a session.
const (
	firstPort = 20000
	lastPort  = 29899
	// Controls have ports of their own, so that what takes a spec's port does not take the control's.
	firstControl = 29900
	controls     = 100
)

// Lanes are how many sessions can be on one cluster at a time.
const Lanes = 8

// laneWidth is how many host ports a lane has.
const laneWidth = (lastPort - firstPort) / Lanes

func (s *Session) firstPort() uint16 { return firstPort + uint16(s.Lane)*laneWidth }

func (s *Session) nextPort() uint16 {
	first := s.firstPort()
	if s.port < first || s.port >= first+laneWidth-1 {
		s.port = first
	}
	s.port++
	if s.occupied() {
		return s.nextPort()
	}
	return s.port
}

// occupied tells whether somebody else has the port that would be next.
func (s *Session) occupied() bool {
	env, ok := s.Env.(Occupied)
	return ok && slices.Contains(env.Occupied(), s.port)
}

func (s *Session) controlPort() uint16 {
	const width = controls / Lanes
	s.control++
	return firstControl + uint16(s.Lane)*width + s.control%width
}

// Close stops the clients and closes the environment.
func (s *Session) Close(ctx context.Context) error {
	var failed []error
	for _, v := range slices.Sorted(maps.Keys(s.clients)) {
		failed = append(failed, s.clients[v].Stop(ctx))
	}
	s.clients = nil
	return errors.Join(append(failed, s.Env.Close())...)
}

// forget lets go of the clients, which are made anew when they are needed: those of a node that was rebooted are gone.
func (s *Session) forget(ctx context.Context) {
	for _, pod := range s.clients {
		_ = pod.Kill(ctx)
	}
	s.clients = nil
}

// T is one run of one spec. Its methods end the spec, by a panic that [Run] knows, when the claim does not hold.
type T struct {
	context.Context
	*Session
	spec   *Spec
	record *record
	// phase of the observations that are being made.
	phase string
}

// record is what a run has found so far; a T that works in another environment shares it.
type record struct {
	observations []report.Observation
	evidence     int
	cleanups     []func()
}

// verdict is how a spec ends before its end.
type verdict struct {
	outcome            report.Outcome
	code, reason, hint string
}

// Fail ends the spec: the claim does not hold. code is a short class of the reason, which mutants are killed by.
func (t *T) Fail(code, format string, args ...any) {
	panic(verdict{report.Fail, code, fmt.Sprintf(format, args...), ""})
}

// FailHint is Fail with the likely cause.
func (t *T) FailHint(code, hint, format string, args ...any) {
	panic(verdict{report.Fail, code, fmt.Sprintf(format, args...), hint})
}

// Inconclusive ends the spec: something other than the chain is at fault.
func (t *T) Inconclusive(code, format string, args ...any) {
	panic(verdict{report.Inconclusive, code, fmt.Sprintf(format, args...), ""})
}

// NotApplicable ends the spec: the claim makes no sense here.
func (t *T) NotApplicable(format string, args ...any) {
	panic(verdict{report.NotApplicable, "not-applicable", fmt.Sprintf(format, args...), ""})
}

// Expect is gomega's; a failed assertion fails the spec with that code.
func (t *T) Expect(code string, actual any, extra ...any) gomegatypes.Assertion {
	return gomega.NewGomega(func(message string, _ ...int) { t.Fail(code, "%s", message) }).Expect(actual, extra...)
}

// Must ends the spec as inconclusive if the harness itself failed.
func (t *T) Must(err error) {
	if err != nil {
		t.Inconclusive("harness", "%v", err)
	}
}

// Cleanup runs f when the spec has ended, last first.
func (t *T) Cleanup(f func()) { t.record.cleanups = append(t.record.cleanups, f) }

// Observe records what was seen, as one piece of evidence.
func (t *T) Observe(o report.Observation) {
	if o.Phase == "" {
		o.Phase = t.phase
	}
	t.record.observations = append(t.record.observations, o)
	t.record.evidence++
}

// Read records a reading of what is in a pod or on a node.
func (t *T) Read(vantage, target, got, expected string) {
	t.Observe(report.Observation{Phase: "open", Vantage: vantage, Target: target, Got: got, Expected: expected})
}

// startLimit bounds the start of a pod, worldLimit that of a world: on a cluster Terway is restarted on two nodes.
const (
	startLimit = 30 * time.Second
	worldLimit = 6 * time.Minute
)

// TryStart starts a pod that is stopped with the spec.
func (t *T) TryStart(spec PodSpec) (Pod, error) {
	ctx, cancel := context.WithTimeout(t, startLimit)
	defer cancel()
	pod, err := t.Env.Start(ctx, spec)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = pod.Stop(context.WithoutCancel(t)) })
	return pod, nil
}

// Start starts a pod, and fails the spec where the chain does not let it.
func (t *T) Start(spec PodSpec) Pod {
	pod, err := t.TryStart(spec)
	if err != nil {
		t.startPredicted(spec)
		t.notStarted(err)
	}
	return pod
}

func (t *T) notStarted(err error) {
	var start *StartError
	if !errors.As(err, &start) {
		t.Inconclusive("harness", "a pod could not be made: %v", err)
	}
	if start.Excuse != "" {
		t.Inconclusive("excused", "%s (%v)", start.Excuse, start)
	}
	t.FailHint("start-"+start.Stage, start.Hint(), "%v", start)
}

// Stop stops a pod now, and fails the spec where that does not work.
func (t *T) Stop(pod Pod) {
	if err := pod.Stop(t); err != nil {
		t.Fail("stop", "the pod cannot be stopped, and the runtime will try for ever: %v", err)
	}
}

// Open is the spec in an environment of its own: change makes it from the lab's default, a chain that does
// everything right.
func (t *T) Open(change func(*Setup)) *T {
	if t.Opener == nil {
		t.NotApplicable("chains cannot be changed here")
	}
	setup := DefaultSetup()
	if change != nil {
		change(&setup)
	}
	ctx, cancel := context.WithTimeout(t, worldLimit)
	defer cancel()
	env, err := t.Opener.Open(ctx, setup)
	var unsupported *Unsupported
	if errors.As(err, &unsupported) {
		t.NotApplicable("%v", err)
	}
	t.Must(err)
	session := &Session{Env: env, Opener: t.Opener, Setup: setup, Intent: t.Intent, Lane: t.Lane, port: t.port}
	t.port = max(t.port, t.firstPort()) + 500 // what this spec uses, the sessions of others do not
	t.Cleanup(func() { _ = session.Close(context.WithoutCancel(t)) })
	other := *t
	other.Session = session
	return &other
}

// specLimit bounds a spec, whose steps have bounds of their own: one that hangs even so must not hold the others.
const specLimit = 15 * time.Minute

// Run runs one spec to its end.
func Run(ctx context.Context, s *Session, spec *Spec) report.Spec {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, specLimit)
	defer cancel()
	t := &T{Context: ctx, Session: s, spec: spec, record: &record{}, phase: "open"}
	v, r := ended(t.run), t.record
	for _, cleanup := range slices.Backward(r.cleanups) {
		if late := ended(cleanup); v.outcome == report.Pass {
			v = late
		}
	}
	if v.outcome == report.Pass && r.evidence < spec.Evidence {
		v = verdict{report.Inconclusive, "evidence", fmt.Sprintf("%d probes and readings were made, and the claim takes %d: the suite saw too little", r.evidence, spec.Evidence), ""}
	}
	return report.Spec{
		ID: spec.ID, Name: spec.Name, Group: GroupOf(spec.ID), Level: string(spec.Level), Outcome: v.outcome, Code: v.code, Reason: v.reason, Hint: v.hint,
		Seconds: time.Since(start).Seconds(), Evidence: r.evidence, Minimum: spec.Evidence, Observations: r.observations,
	}
}

// ended runs f and returns how it ended: a panic that is no verdict is the suite's own fault.
func ended(f func()) (v verdict) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case verdict:
			v = r
		default:
			v = verdict{report.Inconclusive, "harness", fmt.Sprintf("internal fault: %v. Please report it", r), ""}
		}
	}()
	f()
	return verdict{outcome: report.Pass}
}

func (t *T) run() {
	for _, f := range t.spec.Needs {
		if why := t.missing(f); why != "" {
			panic(verdict{missingOutcome[f], missingCode + string(f), why, ""})
		}
	}
	t.spec.Run(t)
}

// missingCode begins the codes of specs that lack a feature.
const missingCode = "missing-"

func (t *T) missing(f Feature) string {
	if f == OwnChain {
		if t.Opener == nil {
			return "chains cannot be changed here"
		}
		return ""
	}
	return t.Env.Missing(f)
}

// missingOutcome: where these are missing, the claim might hold or not, and cannot be tried.
var missingOutcome = map[Feature]report.Outcome{
	DualStack: report.NotApplicable, SCTPPackets: report.NotApplicable, Traces: report.NotApplicable, PublicAddress: report.Inconclusive, Rules: report.NotApplicable,
	NetAdmin: report.NotApplicable, CNICalls: report.NotApplicable, OwnChain: report.NotApplicable,
	Rollout: report.NotApplicable, Shell: report.NotApplicable, Releases: report.NotApplicable, Packets: report.NotApplicable,
	Kubelet: report.NotApplicable, Sandboxes: report.NotApplicable, Nodes: report.NotApplicable, MachineChanges: report.NotApplicable, Breakage: report.NotApplicable, NodeLists: report.NotApplicable, Before: report.NotApplicable,
	IPv6: report.Inconclusive, Outside: report.Inconclusive, Redirect: report.Inconclusive, HostPorts: report.Inconclusive,
}
