// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/fake"
	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
)

// imaginable are the specs that a world without a network can satisfy: UDP-004 is about what a kernel remembers.
func imaginable() []*conformance.Spec {
	return slices.DeleteFunc(conformance.Specs(), func(s *conformance.Spec) bool {
		return s.Own || s.ID == "UDP-004" || s.For != conformance.WantHostPorts && s.For != conformance.Always
	})
}

// TestPerfectWorld: where everything is right, every spec about host ports passes, or says which feature it lacks.
func TestPerfectWorld(t *testing.T) {
	for _, s := range imaginable() {
		got := runOne(t, fake.Knobs{}, s)
		if got.Outcome != report.Pass && !strings.HasPrefix(got.Code, "missing-") {
			t.Errorf("%s: %s (%s) %s", s.ID, got.Outcome, got.Code, got.Reason)
		}
	}
}

// path is all questions of one kind: by whom, at which address, in which phase.
type path struct {
	protocol, phase string
	from, to        netip.Addr
}

func (p path) String() string {
	return fmt.Sprintf("%s from %s to %s, %s", p.protocol, p.from, p.to, p.phase)
}

// asked are the paths that a spec asks in a world, which breaks one of them.
func asked(paths map[path]bool, broken path, breaks func(*probe.Result)) fake.Knobs {
	phase := phases()
	return fake.Knobs{Answer: func(q fake.Question, r probe.Result) probe.Result {
		p := path{q.Protocol, phase(q), q.From, q.To.Addr()}
		paths[p] = true
		if p == broken {
			breaks(&r)
		}
		return r
	}}
}

// TestEveryQuestionCounts: a core spec fails when any of its questions gets another answer: somebody where nobody
// is to be, nobody or somebody else where the pod is. What it asks and does not judge would prove nothing.
func TestEveryQuestionCounts(t *testing.T) {
	for _, s := range imaginable() {
		paths := map[path]bool{}
		if s.Level != conformance.Core || runOne(t, asked(paths, path{}, nil), s).Outcome != report.Pass {
			continue
		}
		for p := range paths {
			if p.phase == "control" { // what a listener of the suite's own answers is about no chain
				continue
			}
			for name, breaks := range map[string]func(*probe.Result){
				"silence": becomes(probe.Timeout), "somebody else": answeredBy("pod-0"), "no route": becomes(probe.Unreachable),
			} {
				if got := runOne(t, asked(map[path]bool{}, p, breaks), s); got.Outcome != report.Fail {
					t.Errorf("%s: %s for %v: %s (%s) %s", s.ID, name, p, got.Outcome, got.Code, got.Reason)
				}
			}
		}
	}
}

// TestPortsAreUsedOnce: what one spec leaves behind must not be seen by another.
func TestPortsAreUsedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		user, current := map[uint16]string{}, ""
		s := session(fake.Knobs{Start: func(spec conformance.PodSpec) error {
			for _, p := range spec.Ports {
				switch {
				case p.Host == 0 || user[p.Host] == current:
				case user[p.Host] != "":
					t.Errorf("%s uses port %d of %s", current, p.Host, user[p.Host])
				case p.Host < 20000 || p.Host > 29999:
					t.Errorf("%s uses port %d", current, p.Host)
				}
				user[p.Host] = current
			}
			return nil
		}})
		for _, spec := range imaginable() {
			current = spec.ID
			conformance.Run(t.Context(), s, spec)
		}
		if len(user) < 20 {
			t.Errorf("%d ports were seen", len(user))
		}
	})
}
