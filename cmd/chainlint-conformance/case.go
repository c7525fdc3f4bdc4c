// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/conformance/target"
	"github.com/chainlint/chainlint/pkg/terway"
)

// testCase is one chain on one kind of node.
type testCase struct {
	target *target.Target
	pool   string
	facts  []report.Fact
	plan   conformance.Plan
	// specs are all that belong into the report, those that nobody asked for included.
	specs []report.Spec
	// running are the specs and mutants that began and did not end yet; done is how many did.
	running []string
	done    int
}

func newCase(t *target.Target, pool terway.Pool, o *options) *testCase {
	c := &testCase{target: t, pool: pool.Name}
	facts, listed := conformance.Complete(pool.PoolFacts, t.Data)
	data, partial, more := conformance.Whole(t.Data, t.Partial)
	c.facts = append(named(ownPlugins(listed, o.pluginDir), t.FactsFile), more...)
	c.plan = conformance.Plan{
		Setup:  conformance.Setup{Data: data, Partial: partial, Facts: facts},
		Intent: t.Intent, Predict: o.mode == report.Predict, Brief: o.env != netnsEnv,
	}
	for _, spec := range conformance.Specs() {
		c.add(spec, o)
	}
	for _, m := range conformance.Mutants() {
		if o.mutants && m.Equivalent == "" && (m.Cluster || o.env == netnsEnv) && (len(o.focus) == 0 || slices.Contains(o.focus, m.ID)) {
			c.plan.Mutants = append(c.plan.Mutants, m.ID)
		}
	}
	return c
}

// ownPlugins says that nobody knows the release of the nodes' own binaries, unless the facts tell it.
func ownPlugins(facts []report.Fact, dir string) []report.Fact {
	for i, f := range facts {
		if dir != "" && f.Name == "cniPlugins.version" && f.Source != "facts" {
			facts[i].Value, facts[i].Source = "that of the binaries in "+dir, "--plugin-dir"
		}
	}
	return facts
}

// named says which file facts come from.
func named(facts []report.Fact, file string) []report.Fact {
	for i := range facts {
		if facts[i].Source == "facts" {
			facts[i].Source = cmp.Or(file, "facts")
		}
	}
	return facts
}

// add plans a spec, or notes why it is not run.
func (c *testCase) add(spec *conformance.Spec, o *options) {
	if spec.Own && !o.brings(spec) {
		return
	}
	entry := report.Spec{
		ID: spec.ID, Name: spec.Name, Group: conformance.GroupOf(spec.ID), Level: string(spec.Level), Judged: !spec.Own, Minimum: spec.Evidence,
		Outcome: report.Skipped, Code: "not-run", Reason: "the run ended before", Reproduce: o.reproduce(spec.ID),
	}
	asked := spec.Own || spec.For.Asked(c.plan.Intent, c.plan.Setup.Facts.IPStack == terway.IPStackDual)
	switch {
	case !asked:
		entry.Judged, entry.Outcome, entry.Code, entry.Reason = false, report.NotApplicable, "not-asked", "nobody asks for it: no intent says "+string(spec.For)
	case provenElsewhere(o, spec) != "":
		entry.Outcome, entry.Code, entry.Reason = report.NotApplicable, "elsewhere", provenElsewhere(o, spec)
	case len(o.focus) > 0 && !slices.Contains(o.focus, spec.ID):
		entry.Code, entry.Reason = "not-in-focus", "--focus left it out"
	default:
		c.plan.Specs = append(c.plan.Specs, spec.ID)
	}
	c.specs = append(c.specs, entry)
}

// name of the target, with the node pool where there are several.
func (c *testCase) name() string {
	if c.pool == "" {
		return c.target.Name
	}
	return c.target.Name + ", node pool " + c.pool
}

// fileName is the name as a directory's.
func (c *testCase) fileName() string {
	name := filepath.Base(c.target.Name)
	if whole, err := filepath.Abs(c.target.Name); err == nil {
		name = filepath.Base(whole) // of "." and "..", too
	}
	if c.pool != "" {
		name += "-" + c.pool
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("/\\:", r) {
			return '-'
		}
		return r
	}, name)
}

// run runs the plan and gathers what it tells.
func (c *testCase) run(ctx context.Context, o *options, where place, progress io.Writer) *report.Report {
	start := time.Now()
	r := &report.Report{
		APIVersion: report.Version, Facts: c.facts, Specs: c.specs,
		Run:    report.Run{Tool: toolVersion(), Environment: o.env, Mode: o.mode, Rootless: where.rootless(), Start: start.UTC(), Reproduce: o.reproduce("")},
		Target: report.Target{Name: c.name(), Intents: target.Words(c.target.Intent), Inferred: c.target.Inferred},
	}
	if o.mutants {
		r.Mutation = &report.Mutation{Equivalent: equivalents()}
	}
	err := where.run(ctx, c, func(e conformance.Event) {
		c.follow(e)
		if e.Started != "" {
			fmt.Fprintf(progress, "\r\x1b[K%s: %d of %d, %s", c.name(), c.done, c.all(), e.Started)
		}
		c.take(r, o, e)
	})
	fmt.Fprint(progress, "\r\x1b[K")
	sortMutants(r)
	switch {
	case ctx.Err() != nil:
		r.Verdict = report.NotRun(c.interrupted())
	case err != nil:
		r.Verdict = report.NotRun(err.Error())
	}
	r.Run.Seconds = time.Since(start).Seconds()
	return r
}

// all is how many specs and mutants are planned.
func (c *testCase) all() int { return len(c.plan.Specs) + len(c.plan.Mutants) }

// began tells whether any of it ran.
func (c *testCase) began() bool { return c.done > 0 || len(c.running) > 0 }

// follow keeps track of what runs.
func (c *testCase) follow(e conformance.Event) {
	ended := ""
	switch {
	case e.Started != "":
		c.running = append(c.running, e.Started)
	case e.Spec != nil:
		ended = e.Spec.ID
	case e.Mutant != nil:
		ended = e.Mutant.ID
	}
	if i := slices.Index(c.running, ended); i >= 0 {
		c.running = slices.Delete(c.running, i, i+1)
		c.done++
	}
}

// interrupted says what somebody cut off.
func (c *testCase) interrupted() string {
	switch {
	case len(c.running) > 0:
		return fmt.Sprintf("the run was interrupted in %s, when %d of %d specs and mutants had ended", strings.Join(c.running, " and "), c.done, c.all())
	case c.done > 0:
		return fmt.Sprintf("the run was interrupted when %d of %d specs and mutants had ended", c.done, c.all())
	}
	return "the run was interrupted before the first spec"
}

// take puts into the report what an event tells.
func (c *testCase) take(r *report.Report, o *options, e conformance.Event) {
	switch {
	case e.Spec != nil:
		i := slices.IndexFunc(r.Specs, func(s report.Spec) bool { return s.ID == e.Spec.ID })
		planned := r.Specs[i]
		r.Specs[i] = *e.Spec
		r.Specs[i].Judged, r.Specs[i].Reproduce = planned.Judged, planned.Reproduce
		required(&r.Specs[i], o.require)
	case e.Left != "":
		r.Cleanup = append(r.Cleanup, e.Left)
	case e.Mutant != nil:
		r.Mutation.Mutants = append(r.Mutation.Mutants, *e.Mutant)
	case e.About != nil && r.Run.StandIn == "":
		r.Run.StandIn, r.Run.Emulated = e.About.StandIn, e.About.Emulated
		r.Facts = append(slices.Clone(c.facts), e.About.Facts...)
		r.Target.Conflist, r.Target.Backend = e.About.Conflist, e.About.Backend
		if e.About.Conflist != "" {
			sum := sha256.Sum256([]byte(e.About.Conflist))
			r.Target.Hash = hex.EncodeToString(sum[:])[:12]
		}
	}
}

// required makes a failure of a feature that is missing although somebody relies on it. It decides, whatever the
// level of the spec.
func required(s *report.Spec, features []string) {
	for _, f := range features {
		if s.Code == "missing-"+f {
			s.Level, s.Outcome, s.Reason = report.Core, report.Fail, "--require "+f+": "+s.Reason
		}
	}
}

func equivalents() []report.Mutant {
	var all []report.Mutant
	for _, m := range conformance.Mutants() {
		if m.Equivalent != "" {
			all = append(all, report.Mutant{ID: m.ID, Name: m.Name, Outcome: report.NotApplicable, Reason: m.Equivalent})
		}
	}
	return all
}

// judge is the verdict on what was gathered.
func (c *testCase) judge(r *report.Report) report.Verdict {
	if r.Verdict.Word != "" { // the harness failed, or somebody interrupted it
		return r.Verdict
	}
	return report.Judge(r)
}

func sortMutants(r *report.Report) {
	if r.Mutation != nil {
		slices.SortFunc(r.Mutation.Mutants, func(a, b report.Mutant) int { return cmp.Compare(a.ID, b.ID) })
	}
}
