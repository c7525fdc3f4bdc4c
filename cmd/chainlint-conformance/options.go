// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/conformance/target"
	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/render"
)

// options of run and plan.
type options struct {
	target.Options
	env, mode, pluginDir, nodeImage, expectations, report string
	focus, require                                        []string
	mutants, keep, inspect                                bool
	// disruptive: the chain of a cluster may be replaced for a while, that of the context confirm.
	disruptive                                      bool
	kubeconfig, namespace, image, external, confirm string
	nodes                                           []string
	// live is the cluster of --env cluster, once it was asked.
	live *liveCluster
	// gate that the run belongs to, nil for none; gateEnds: the upgrade is over.
	gate     *gateState
	gateEnds bool
	// several cases have a directory each for their reports.
	several bool
}

// The environments.
const (
	netnsEnv   = "netns"
	kindEnv    = "kind"
	clusterEnv = "cluster"
)

var envs = []string{netnsEnv, kindEnv, clusterEnv}

func (o *options) register(fs *pflag.FlagSet) {
	fs.StringVar(&o.env, "env", netnsEnv, "where: "+strings.Join(envs, ", "))
	fs.StringVar(&o.Overlay, "overlay", "", "an overlay with a ChainRender: its rendering, intents and facts (default: the built-in examples)")
	fs.StringVar(&o.ENIConfig, "eni-config", "", "the manifest under test, - for stdin")
	fs.StringVar(&o.Intent, "intent", "", "file or directory with ChainIntents: what must hold (default: read off the chain)")
	fs.StringVar(&o.Facts, "facts", "", "the ClusterFacts of the world to build (default: those found beside the manifest)")
	fs.StringVar(&o.mode, "mode", report.Enforce, "enforce: judged by the intent; predict: by the prediction, which tests the suite")
	fs.StringVar(&o.pluginDir, "plugin-dir", "", "a node's own plugin binaries (default: the release that the facts name, built)")
	fs.StringVar(&o.nodeImage, "node-image", "", "the image of kind's nodes (default: kind's own, or what make node-image made)")
	fs.StringSliceVar(&o.require, "require", nil, "features whose absence is a failure")
	fs.StringSliceVar(&o.focus, "focus", nil, "only these specs and mutants; the verdict is then HOLD at best")
	fs.BoolVar(&o.mutants, "mutants", false, "also break chains and worlds on purpose, and run the specs that prove the tool")
	fs.StringVar(&o.kubeconfig, "kubeconfig", "", "the cluster of --env cluster (default: as kubectl)")
	fs.StringVar(&o.namespace, "namespace", "", "a namespace that is there, instead of one that the run makes")
	fs.StringVar(&o.image, "image", "", "the image of probes on a cluster; chainlint-conformance images save writes it")
	fs.StringVar(&o.external, "external", "", "here: this machine is a client outside of the cluster that reaches nodes and pods by their addresses")
	fs.StringSliceVar(&o.nodes, "nodes", nil, "nodes of a cluster that may be judged (default: one of each pool)")
	fs.BoolVar(&o.inspect, "inspect-nodes", false, "read the lists on a cluster's nodes, by pods that mount their directory read-only")
	fs.BoolVar(&o.disruptive, "allow-disruptive", false, "on a cluster: put the chain under test in place on the nodes that are judged, restart Terway there, and take it back at the end; with --confirm-context")
	fs.StringVar(&o.confirm, "confirm-context", "", "the name of the kubeconfig's context, so that no other cluster is disrupted")
	fs.BoolVar(&o.keep, "keep", false, "leave the kind cluster for the next run, which then uses it")
	fs.StringVar(&o.expectations, "expectations", "", "outcomes that are accepted for a while")
	fs.StringVar(&o.report, "report", "", "directory for report.json, junit.xml, report.md and report.html")
}

// misuse is wrong usage.
type misuse struct{ error }

func wrong(format string, args ...any) error { return misuse{fmt.Errorf(format, args...)} }

// options parses the flags of run and plan; nil where the command ends here with that code.
func (a *app) options(name, does string, args []string) (o *options, code int) {
	o = &options{Options: target.Options{In: a.in}}
	fs := a.flags(name, "[flags]", does)
	o.register(fs)
	rest, code, done := a.parse(fs, args)
	if done {
		return nil, code
	}
	if len(rest) > 0 {
		a.say("%s takes no arguments, got %q: name the chain with --overlay or --eni-config", name, rest)
		return nil, exitUsage
	}
	o.focus, o.require = words(o.focus, strings.ToUpper), words(o.require, strings.ToLower)
	return o, exitOK
}

// words are what is in a list of a flag, in one case.
func words(list []string, fold func(string) string) []string {
	var all []string
	for _, word := range list {
		if word = fold(strings.TrimSpace(word)); word != "" && !slices.Contains(all, word) {
			all = append(all, word)
		}
	}
	return all
}

// check finds mistakes in the flags, before anything is touched.
func (o *options) check() error {
	modes := []string{report.Enforce, report.Predict}
	switch {
	case !slices.Contains(envs, o.env):
		return wrong("--env: unknown value %q: %s", o.env, nearest.Hint(o.env, envs))
	case !slices.Contains(modes, o.mode):
		return wrong("--mode: unknown value %q: %s", o.mode, nearest.Hint(o.mode, modes))
	}
	for _, id := range o.focus {
		if err := o.checkFocus(id); err != nil {
			return err
		}
	}
	for _, f := range o.require {
		if !slices.Contains(featureNames(), f) {
			return wrong("--require: there is no feature %q: %s", f, nearest.Hint(f, featureNames()))
		}
	}
	if err := o.checkPlace(); err != nil {
		return err
	}
	if o.pluginDir != "" {
		if info, err := os.Stat(o.pluginDir); err != nil || !info.IsDir() {
			return wrong("--plugin-dir: %s is no directory", o.pluginDir)
		}
	}
	return nil
}

// checkPlace finds flags that make no sense where the run is to be.
func (o *options) checkPlace() error {
	if o.external != "" && o.external != "here" {
		return wrong("--external: unknown value %q: here is the only one", o.external)
	}
	for _, f := range []struct {
		name  string
		given bool
		envs  []string
	}{
		{"kubeconfig", o.kubeconfig != "", []string{clusterEnv}},
		{"namespace", o.namespace != "", []string{clusterEnv}},
		{"image", o.image != "", []string{clusterEnv}},
		{"external", o.external != "", []string{clusterEnv}},
		{"nodes", o.nodes != nil, []string{clusterEnv}},
		{"inspect-nodes", o.inspect, []string{clusterEnv}},
		{"allow-disruptive", o.disruptive, []string{clusterEnv}},
		{"confirm-context", o.confirm != "", []string{clusterEnv}},
		{"node-image", o.nodeImage != "", []string{kindEnv}},
		{"keep", o.keep, []string{kindEnv}},
		{"plugin-dir", o.pluginDir != "", []string{netnsEnv, kindEnv}},
		{"mutants", o.mutants, []string{netnsEnv, kindEnv}},
	} {
		if f.given && !slices.Contains(f.envs, o.env) {
			return wrong("--%s is for --env %s, and this is --env %s", f.name, strings.Join(f.envs, " and "), o.env)
		}
	}
	if (o.confirm != "") != o.disruptive {
		return wrong("--allow-disruptive and --confirm-context belong together: the one says that a cluster may be disrupted, the other which")
	}
	return nil
}

func (o *options) checkFocus(id string) error {
	spec := conformance.Find(id)
	switch mutant := conformance.FindMutant(id); {
	case spec == nil && mutant == nil:
		return wrong("--focus: there is no spec or mutant %q: %s", id, idHint(id))
	case mutant != nil && mutant.Equivalent != "":
		return wrong("--focus: nothing can notice the mutant %s: %s", id, mutant.Equivalent)
	case mutant != nil && !o.mutants:
		return wrong("--focus: %s is a mutant: say --mutants, too", id)
	case spec != nil && spec.Own && !o.brings(spec):
		return wrong("--focus: %s brings its own chain and proves the tool: say --mutants, too; on a cluster, where it is about rollouts, --allow-disruptive", id)
	case spec != nil && spec.Disruptive && o.env == clusterEnv && !o.disruptive:
		return wrong("--focus: %s disrupts a cluster: say --allow-disruptive, too", id)
	}
	return nil
}

// brings tells whether a spec may bring its own chain.
func (o *options) brings(spec *conformance.Spec) bool {
	return o.mutants || o.disruptive && slices.Contains(spec.Needs, conformance.Rollout)
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

// idHint is the ID that was meant, or where they all are.
func idHint(id string) string {
	if best := nearest.To(id, allIDs()); best != "" {
		return "did you mean " + best + "?"
	}
	return "chainlint-conformance specs lists them"
}

func featureNames() []string {
	var all []string
	for _, f := range conformance.Features() {
		all = append(all, string(f))
	}
	return all
}

// cases are what is to be judged, one for each chain and kind of node.
func (a *app) cases(ctx context.Context, o *options) ([]*testCase, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	targets, err := a.targets(ctx, o)
	if err != nil {
		return nil, err
	}
	var cases []*testCase
	for _, t := range targets {
		for _, p := range t.Warnings {
			a.say("warning: %s [%s]", p.Error(), p.Code)
		}
		for _, pool := range t.Facts.Pools() {
			cases = append(cases, newCase(t, pool, o))
		}
	}
	return o.narrow(cases)
}

// targets are the chains to be judged.
func (a *app) targets(ctx context.Context, o *options) (_ []*target.Target, err error) {
	if o.env != clusterEnv {
		return target.Load(o.Options)
	}
	if o.live, err = a.connect(ctx, o); err != nil {
		return nil, err
	}
	return o.live.targets()
}

// narrow leaves out cases of which the focus leaves nothing. A run that could show nothing of what it was asked
// for is wrong usage.
func (o *options) narrow(cases []*testCase) ([]*testCase, error) {
	for _, f := range o.require {
		if !slices.ContainsFunc(cases, func(c *testCase) bool { return c.needs(conformance.Feature(f)) }) {
			return nil, wrong("--require %s: no spec of this run needs it, so none can show that it is there", f)
		}
	}
	if o.focus == nil {
		return cases, nil
	}
	left := slices.DeleteFunc(slices.Clone(cases), func(c *testCase) bool { return len(c.plan.Specs)+len(c.plan.Mutants) == 0 })
	if len(left) == 0 {
		return nil, wrong("--focus %s leaves nothing to run: no intent of %s asks for it", strings.Join(o.focus, ","), cases[0].name())
	}
	return left, nil
}

// needs tells whether a spec needs the feature that will be judged.
func (c *testCase) needs(f conformance.Feature) bool {
	return slices.ContainsFunc(c.plan.Specs, func(id string) bool {
		spec := conformance.Find(id)
		return !spec.Own && slices.Contains(spec.Needs, f)
	})
}

// tell prints what is wrong; wrong usage is 2, everything else that keeps a run from coming about is 3.
func (a *app) tell(name string, err error) int {
	var usage misuse
	var ps render.Problems
	switch {
	case errors.As(err, &usage):
		a.say("%s: %v", name, err)
		return exitUsage
	case !errors.As(err, &ps):
		a.say("%s: %v", name, err)
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
