// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"io"
	"slices"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/render"
)

// Plan is what one process runs: specs and mutants about one chain.
type Plan struct {
	Setup  Setup
	Intent render.IntentSpec
	// Predict: judge by the prediction instead of the intent.
	Predict bool
	// Brief: mutants are held against the first of the specs that must notice. Each takes seconds on a cluster.
	Brief bool
	// FailFast ends the run at the first core spec that fails.
	FailFast bool
	// Lane of the process among several on one cluster; see [Session].
	Lane int
	// Specs and Mutants by their IDs.
	Specs, Mutants []string
}

// Event is what a run tells while it goes on; one field is set.
type Event struct {
	// Started is the ID of a spec or mutant that begins.
	Started string         `json:"started,omitempty"`
	Spec    *report.Spec   `json:"spec,omitempty"`
	Mutant  *report.Mutant `json:"mutant,omitempty"`
	// About the environment of the chain under test.
	About *About `json:"about,omitempty"`
	// Left is what could not be undone.
	Left string `json:"left,omitempty"`
	// Fault ends the run: the environment could not be made.
	Fault string `json:"fault,omitempty"`
}

// Suite runs a plan with Ginkgo, once in a process. It returns whether every spec passed or was skipped.
func Suite(ctx context.Context, opener Opener, plan Plan, emit func(Event)) bool {
	s := suite{opener: opener, plan: plan, emit: emit}
	ginkgo.Describe("all", ginkgo.Ordered, ginkgo.ContinueOnFailure, func() { s.tree(ctx) })
	suiteConfig, reporter := ginkgo.GinkgoConfiguration()
	reporter.Succinct, reporter.NoColor, reporter.Verbose = true, true, false
	suiteConfig.FailOnEmpty = true
	ginkgo.GinkgoWriter.TeeTo(io.Discard)
	ok := ginkgo.RunSpecs(quiet{}, "chainlint conformance", suiteConfig, reporter)
	if s.session != nil {
		_ = s.session.Close(context.WithoutCancel(ctx)) // the process ends, and everything with it
	}
	return ok
}

// tree is what Ginkgo runs, in one ordered container: it shuffles the outermost ones, and sorts what is in others.
func (s *suite) tree(ctx context.Context) {
	for _, g := range Groups() {
		specs := slices.DeleteFunc(slices.Clone(g.Specs), func(spec Spec) bool { return !slices.Contains(s.plan.Specs, spec.ID) })
		if len(specs) > 0 {
			ginkgo.Describe(g.Name, func() { s.specs(ctx, specs) })
		}
	}
	if len(s.plan.Mutants) > 0 {
		ginkgo.Describe("mutants", func() { s.mutants(ctx) })
	}
}

// quiet is what Ginkgo tells of a failure beside its reports.
type quiet struct{}

// Fail implements ginkgo.GinkgoTestingT.
func (quiet) Fail() {}

type suite struct {
	opener  Opener
	plan    Plan
	emit    func(Event)
	session *Session
	// fault and failed: nothing more is to be run.
	fault, failed bool
}

// open makes the environment of the chain under test, once, when the first spec needs it.
func (s *suite) open(ctx context.Context) {
	if s.fault || s.failed {
		ginkgo.Skip("the run ended before")
	}
	if s.session != nil {
		return
	}
	env, err := s.opener.Open(ctx, s.plan.Setup)
	if err != nil {
		s.fault = true
		s.emit(Event{Fault: err.Error()})
		ginkgo.Fail(err.Error())
	}
	s.session = &Session{Env: env, Opener: s.opener, Setup: s.plan.Setup, Intent: s.plan.Intent, Predict: s.plan.Predict, Lane: s.plan.Lane}
	about := env.About()
	s.emit(Event{About: &about})
}

func (s *suite) specs(ctx context.Context, specs []Spec) {
	ginkgo.BeforeEach(func() { s.open(ctx) })
	for i := range specs {
		spec := &specs[i]
		ginkgo.It(spec.ID+" "+spec.Name, ginkgo.Label(spec.ID, string(spec.Level)), func() {
			s.emit(Event{Started: spec.ID})
			got := Run(ctx, s.session, spec)
			ginkgo.AddReportEntry("outcome", got, types.ReportEntryVisibilityNever)
			s.emit(Event{Spec: &got})
			s.failed = s.failed || s.plan.FailFast && spec.Level == Core && got.Outcome == report.Fail
			switch got.Outcome {
			case report.Pass:
			case report.Fail:
				ginkgo.Fail(got.Reason)
			default:
				ginkgo.Skip(string(got.Outcome) + ": " + got.Reason)
			}
		})
	}
}
