// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/netns"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/conformance/target"
	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/internal/plugins"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// options of run and plan.
type options struct {
	target.Options
	env, mode, pluginDir, expectations, report string
	focus, require                             []string
	mutants                                    bool
}

// environments that this version has.
var environments = []string{"netns"}

func (o *options) register(fs *pflag.FlagSet) {
	fs.StringVar(&o.env, "env", "netns", "where: "+strings.Join(environments, ", "))
	fs.StringVar(&o.Overlay, "overlay", "", "an overlay with a ChainRender: its rendering, intents and facts (default: the built-in examples)")
	fs.StringVar(&o.ENIConfig, "eni-config", "", "the manifest under test, - for stdin")
	fs.StringVar(&o.Intent, "intent", "", "file or directory with ChainIntents: what must hold (default: read off the chain)")
	fs.StringVar(&o.Facts, "facts", "", "the ClusterFacts of the world to build (default: those found beside the manifest)")
	fs.StringVar(&o.mode, "mode", report.Enforce, "enforce: judged by the intent; predict: by the prediction, which tests the suite")
	fs.StringVar(&o.pluginDir, "plugin-dir", "", "a node's own plugin binaries (default: the release that the facts name, built)")
	fs.StringSliceVar(&o.require, "require", nil, "features whose absence is a failure")
	fs.StringSliceVar(&o.focus, "focus", nil, "only these specs; the verdict is then HOLD at best")
	fs.BoolVar(&o.mutants, "mutants", false, "also break chains and worlds on purpose, and run the specs that prove the tool")
	fs.StringVar(&o.expectations, "expectations", "", "outcomes that are accepted for a while")
	fs.StringVar(&o.report, "report", "", "directory for report.json, junit.xml, report.md and report.html")
}

// check finds mistakes in the flags, before anything is touched.
func (o *options) check() error {
	for _, enum := range []struct {
		flag, value string
		known       []string
	}{{"env", o.env, environments}, {"mode", o.mode, []string{report.Enforce, report.Predict}}} {
		if !slices.Contains(enum.known, enum.value) {
			return fmt.Errorf("--%s: unknown value %q: %s", enum.flag, enum.value, nearest.Hint(enum.value, enum.known))
		}
	}
	for _, id := range o.focus {
		if conformance.Find(id) == nil && conformance.FindMutant(id) == nil {
			return fmt.Errorf("--focus: there is no spec or mutant %q: %s", id, nearest.Hint(id, allIDs()))
		}
	}
	for _, f := range o.require {
		if !slices.Contains(featureNames(), f) {
			return fmt.Errorf("--require: there is no feature %q: %s", f, nearest.Hint(f, featureNames()))
		}
	}
	if info, err := os.Stat(o.pluginDir); o.pluginDir != "" && (err != nil || !info.IsDir()) {
		return fmt.Errorf("--plugin-dir: %s is no directory", o.pluginDir)
	}
	return nil
}

func allIDs() []string {
	var all []string
	for _, s := range conformance.Specs() {
		all = append(all, s.ID)
	}
	for _, m := range conformance.Mutants() {
		all = append(all, m.ID)
	}
	return all
}

func featureNames() []string {
	var all []string
	for _, f := range conformance.Features() {
		all = append(all, string(f))
	}
	return all
}

// load parses the flags of run and plan, and reads what is to be judged.
func (a *app) load(name, does string, args []string) (o *options, cases []*testCase, code int) {
	o = &options{Options: target.Options{In: a.in}}
	fs := a.flags(name, "[flags]", does)
	o.register(fs)
	rest, code, done := a.parse(fs, args)
	if done {
		return nil, nil, code
	}
	if len(rest) > 0 {
		a.say("%s takes no arguments, got %q: name the chain with --overlay or --eni-config", name, rest)
		return nil, nil, exitUsage
	}
	if err := o.check(); err != nil {
		a.say("%s: %v", name, err)
		return nil, nil, exitUsage
	}
	targets, err := target.Load(o.Options)
	if err != nil {
		return o, nil, a.tell(err)
	}
	for _, t := range targets {
		for _, p := range t.Warnings {
			a.say("warning: %s [%s]", p.Error(), p.Code)
		}
		for _, pool := range t.Facts.Pools() {
			cases = append(cases, newCase(t, pool, o))
		}
	}
	return o, cases, exitOK
}

// tell prints problems; wrong usage is 2, everything else that keeps a run from coming about is 3.
func (a *app) tell(err error) int {
	var ps render.Problems
	if !errors.As(err, &ps) {
		a.say("%v", err)
		return exitCouldNotRun
	}
	for _, p := range ps {
		a.say("%s [%s]", p.Error(), p.Code)
	}
	if ps.Worst() == render.Invalid {
		return exitUsage
	}
	return exitCouldNotRun
}

func (a *app) run(ctx context.Context, args []string) int {
	o, cases, code := a.load("run", "Runs the specs about a chain and gives the verdict, which is the exit code:\n0 GO, 1 NO-GO, 4 HOLD; 2 wrong usage, 3 could not run.", args)
	if len(cases) == 0 {
		if o != nil && o.report != "" && code == exitCouldNotRun {
			a.notRun(o, "what was to be judged could not be read; the messages say why")
		}
		return code
	}
	expectations, err := o.readExpectations()
	if err != nil {
		a.say("%v", err)
		return exitUsage
	}
	world, err := a.prepare(ctx, o, cases)
	if err != nil {
		a.say("%v", err)
		a.notRun(o, err.Error())
		return exitCouldNotRun
	}
	worst := exitOK
	for _, c := range cases {
		r := c.run(ctx, o, world, a.progress())
		expectations.Apply(r, time.Now())
		r.Verdict = c.judge(ctx, r)
		code := a.publish(o, c, len(cases) > 1, r)
		worst = slices.MaxFunc([]int{worst, code}, byGravity)
	}
	return worst
}

// gravity of exit codes: what could not run is worse than what must not go.
var gravity = []int{exitOK, 4, 1, exitUsage, exitCouldNotRun}

func byGravity(a, b int) int { return slices.Index(gravity, a) - slices.Index(gravity, b) }

func (o *options) readExpectations() (*report.Expectations, error) {
	if o.expectations == "" {
		return nil, nil
	}
	return report.ReadExpectations(o.expectations)
}

// world is what all cases of a run need.
type world struct {
	rootless bool
	plugins  netns.Plugins
}

// prepare finds out whether labs can be made, and builds the plugins.
func (a *app) prepare(ctx context.Context, o *options, cases []*testCase) (world, error) {
	rootless, err := netns.Available(ctx)
	if err != nil {
		return world{}, err
	}
	w := world{rootless, netns.Plugins{}}
	if o.pluginDir != "" {
		dir, err := filepath.Abs(o.pluginDir)
		w.plugins[netns.OwnPlugins] = dir
		if err != nil {
			return w, err
		}
	}
	for _, release := range releases(cases, o) {
		dir, err := plugins.Dir(ctx, release)
		if err != nil {
			return w, err
		}
		w.plugins[release] = dir
	}
	return w, nil
}

// releases of the plugins that a run needs.
func releases(cases []*testCase, o *options) []string {
	var all []string
	for _, c := range cases {
		facts := c.plan.Setup.Facts
		for _, version := range append([]string{facts.CNIPlugins.Version}, mapValues(facts.CNIPlugins.Versions)...) {
			if release, err := terway.Release(version); err == nil && o.pluginDir == "" {
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

func mapValues(m map[string]string) []string {
	var all []string
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

// publish prints a report, writes its files, and returns the exit code.
func (a *app) publish(o *options, c *testCase, several bool, r *report.Report) int {
	_, _ = a.out.Write(report.Text(r, colored(a.out)))
	if o.report == "" {
		return r.Verdict.Exit
	}
	dir := o.report
	if several {
		dir = filepath.Join(dir, c.fileName())
	}
	if err := report.Write(dir, r); err != nil {
		a.say("%v", err)
		return exitCouldNotRun
	}
	fmt.Fprintf(a.out, "report: %s\n\n", filepath.Join(dir, report.HTMLFile))
	return r.Verdict.Exit
}

// notRun writes the report of a run that did not come about.
func (a *app) notRun(o *options, reason string) {
	if o.report == "" {
		return
	}
	r := &report.Report{APIVersion: report.Version, Verdict: report.NotRun(reason), Run: report.Run{
		Tool: toolVersion(), Environment: o.env, Mode: o.mode, Start: time.Now().UTC(), Reproduce: o.reproduce(""),
	}}
	r.Target.Name = strings.Join(slices.DeleteFunc([]string{o.Overlay, o.ENIConfig}, func(s string) bool { return s == "" }), " ")
	if err := report.Write(o.report, r); err != nil {
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
