// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/conformance/target"
	"github.com/chainlint/chainlint/internal/plugins"
	"github.com/chainlint/chainlint/pkg/terway"
)

// run judges chains with packets.
func (a *app) run(ctx context.Context, args []string) int {
	o, code := a.options("run", "Runs the specs about a chain and gives the verdict, which is the exit code:\n0 GO, 1 NO-GO, 4 HOLD; 2 wrong usage, 3 could not run.", args)
	if o == nil {
		return code
	}
	dir := sonobuoyDir()
	if o.env != clusterEnv || dir == "" || o.report != "" {
		return a.runWith(ctx, o)
	}
	o.report = dir
	code = a.runWith(ctx, o)
	if err := handOver(dir); err != nil {
		a.say("hand the results over to Sonobuoy: %v", err)
		return exitCouldNotRun
	}
	return code
}

// runWith runs what the options say.
func (a *app) runWith(ctx context.Context, o *options) int {
	cases, err := a.cases(ctx, o)
	if err != nil {
		return a.notRun(o, cases, err)
	}
	expectations, err := o.readExpectations()
	if err != nil {
		return a.notRun(o, cases, err)
	}
	if o.env == clusterEnv && o.image == "" {
		return a.notRun(o, cases, misuse{errNoImage})
	}
	where, err := a.place(ctx, o, cases)
	if ctx.Err() != nil && where != nil && err == nil {
		err = where.close(ctx)
	}
	switch {
	case ctx.Err() != nil:
		return a.notRun(o, cases, errors.New("the run was interrupted before the first spec, while plugins were built or namespaces were tried"))
	case err != nil:
		return a.notRun(o, cases, err)
	}
	o.several = len(cases) > 1
	worst := exitOK
	defer context.AfterFunc(ctx, func() { a.say("interrupted: what runs is ended, and reports are written") })()
	for _, c := range cases {
		r := c.run(ctx, o, where, a.progress())
		expectations.Apply(r, time.Now())
		r.Verdict = c.judge(r)
		if ctx.Err() == nil || c.began() { // of what nobody saw there is nothing to print
			_, _ = a.out.Write(report.Text(r, colored(a.out)))
		}
		worst = slices.MaxFunc([]int{worst, a.publish(o, c, r)}, byGravity)
	}
	if err := where.close(ctx); err != nil {
		a.say("what the run made is not all removed: %v; chainlint-conformance cleanup tries again", err)
		worst = slices.MaxFunc([]int{worst, exitHold}, byGravity)
	}
	return worst
}

// gravity of exit codes: what could not run is worse than what must not go.
var gravity = []int{exitOK, exitHold, 1, exitUsage, exitCouldNotRun}

func byGravity(a, b int) int { return slices.Index(gravity, a) - slices.Index(gravity, b) }

func (o *options) readExpectations() (*report.Expectations, error) {
	if o.expectations == "" {
		return nil, nil
	}
	all, err := report.ReadExpectations(o.expectations)
	var unreadable syscall.Errno
	if err != nil && !errors.As(err, &unreadable) {
		err = misuse{err}
	}
	return all, err
}

// releases of the plugins that a run needs. The nodes' own binaries stand for all.
func releases(cases []*testCase, o *options) []string {
	if o.pluginDir != "" {
		return nil
	}
	var all []string
	for _, c := range cases {
		named := c.plan.Setup.Facts.CNIPlugins
		for _, version := range append(slices.Collect(maps.Values(named.Versions)), named.Version) {
			if release, err := terway.Release(version); err == nil {
				all = append(all, release)
			}
		}
	}
	if o.mutants {
		all = append(all, plugins.Releases...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// publish writes the files of a report, and returns the exit code.
func (a *app) publish(o *options, c *testCase, r *report.Report) int {
	if o.report == "" {
		return r.Verdict.Exit
	}
	dir := o.dir(c)
	if err := report.Write(dir, r); err != nil {
		a.say("%v", err)
		return exitCouldNotRun
	}
	fmt.Fprintf(a.out, "report: %s\n\n", filepath.Join(dir, report.HTMLFile))
	return r.Verdict.Exit
}

// dir is where the report of a case goes.
func (o *options) dir(c *testCase) string { return filepath.Join(o.report, o.below(c)) }

// below is the directory of a case within the report's, "" where there is only one.
func (o *options) below(c *testCase) string {
	if o.several {
		return c.fileName()
	}
	return ""
}

// notRun says why a run did not come about, in the reports, too, so that those of an earlier run do not speak for
// it. Wrong usage has none.
func (a *app) notRun(o *options, cases []*testCase, why error) int {
	code := a.tell("run", why)
	if o.report == "" || code != exitCouldNotRun {
		return code
	}
	r := &report.Report{APIVersion: report.Version, Verdict: report.NotRun(why.Error()), Run: report.Run{
		Tool: toolVersion(), Environment: o.env, Mode: o.mode, Start: time.Now().UTC(), Reproduce: o.reproduce(""),
	}}
	if len(cases) == 0 {
		r.Target.Name = strings.Join(slices.DeleteFunc([]string{o.Overlay, o.ENIConfig}, func(s string) bool { return s == "" }), " ")
		a.write(o.report, r)
	}
	o.several = len(cases) > 1
	for _, c := range cases {
		r.Target.Name, r.Target.Intents, r.Facts, r.Specs = c.name(), target.Words(c.target.Intent), c.facts, c.specs
		a.write(o.dir(c), r)
	}
	return code
}

func (a *app) write(dir string, r *report.Report) {
	if err := report.Write(dir, r); err != nil {
		a.say("%v", err)
	}
}

// progress shows what is being done, on a terminal only.
func (a *app) progress() io.Writer {
	if isTerminal(a.err) {
		return a.err
	}
	return io.Discard
}
