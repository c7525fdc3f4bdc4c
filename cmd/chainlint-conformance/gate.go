// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/chainlint/chainlint/conformance/cluster"
	"github.com/chainlint/chainlint/conformance/report"
)

const gateWords = `The upgrade gate of a cluster. --before runs the specs, and leaves pods with host ports and a client that asks them all
the time; then comes the upgrade; --after asks what became of them, deletes them, runs the specs again, and compares.
Everything is in DIR. Before all that, --target says what the upgrade brings, such as terway.version=v1.17.5, and judges
the chain that the cluster runs as it would be then, without touching anything. The exit code is the verdict: 0 GO, 1 NO-GO, 4 HOLD; 2 wrong usage, 3 could not run.`

// Files and directories of a gate.
const (
	gateFile  = "gate.json"
	beforeDir = "before"
	afterDir  = "after"
)

// gateState is what --before leaves for --after.
type gateState struct {
	Namespace string `json:"namespace"`
	// Given: somebody made the namespace, and it stays.
	Given bool `json:"given,omitempty"`
	// ID of the run before, which the one after takes over with its pods.
	ID string `json:"id"`
	// Kubeconfig, Image and External of the run before, which the one after takes over.
	Kubeconfig string `json:"kubeconfig,omitempty"`
	Image      string `json:"image"`
	External   string `json:"external,omitempty"`
	// Kept are the pods, by the directory of the report of each case.
	Kept map[string]*cluster.Kept `json:"kept"`
}

// gate is an upgrade's beginning or its end.
func (a *app) gate(ctx context.Context, args []string) int {
	fs := a.flags("gate", "--target KEY=VALUE... | --before DIR | --after DIR [the flags of run]", gateWords)
	before := fs.String("before", "", "the directory of the gate, before the upgrade")
	after := fs.String("after", "", "the directory of the gate, after the upgrade")
	target := fs.StringArray("target", nil, "KEY=VALUE: a fact after the upgrade, as in chainlint lint --assume; repeatable")
	o := &options{}
	o.In = a.in
	o.register(fs)
	if err := fs.MarkHidden("env"); err != nil {
		panic(err)
	}
	rest, code, done := a.parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) > 0:
		a.say("gate takes no arguments, got %q", rest)
		return exitUsage
	case o.disruptive:
		a.say("gate: an upgrade is judged with the chain that the cluster has: --allow-disruptive is for run")
		return exitUsage
	case *target != nil && *before+*after != "":
		a.say("gate: --target is judged by itself, before --before")
		return exitUsage
	case *target == nil && (*before == "") == (*after == ""):
		a.say("gate: name the directory of the gate, with --before or with --after")
		return exitUsage
	}
	o.env = clusterEnv
	if *target != nil {
		return a.preflight(ctx, o, *target)
	}
	if *before != "" {
		return a.gateBefore(ctx, o, *before)
	}
	return a.gateAfter(ctx, o, *after)
}

func (a *app) gateBefore(ctx context.Context, o *options, dir string) int {
	if _, err := os.Stat(filepath.Join(dir, gateFile)); err == nil {
		a.say("gate: %s holds a gate whose upgrade is not judged yet: end it with --after, or name another directory", dir)
		return exitUsage
	}
	o.report = filepath.Join(dir, beforeDir)
	o.gate = &gateState{Kept: map[string]*cluster.Kept{}, Given: o.namespace != "", Kubeconfig: o.kubeconfig, Image: o.image, External: o.external}
	code := a.runWith(ctx, o)
	if code == exitCouldNotRun || o.gate.Namespace == "" {
		return code
	}
	text, err := json.MarshalIndent(o.gate, "", "  ")
	if err == nil {
		err = report.WriteFile(filepath.Join(dir, gateFile), append(text, '\n'))
	}
	if err != nil {
		a.say("gate: %v", err)
		return exitCouldNotRun
	}
	fmt.Fprintf(a.out, "Pods are kept in the namespace %s, for a day. Upgrade now; then: chainlint-conformance gate --after %s\n", o.gate.Namespace, dir)
	return code
}

func (a *app) gateAfter(ctx context.Context, o *options, dir string) int {
	text, err := os.ReadFile(filepath.Join(dir, gateFile))
	if err != nil {
		a.say("gate: %v: gate --before %s comes before the upgrade", err, dir)
		return exitUsage
	}
	o.gate = &gateState{}
	if err := json.Unmarshal(text, o.gate); err != nil {
		a.say("gate: %s: %v", filepath.Join(dir, gateFile), err)
		return exitUsage
	}
	o.kubeconfig, o.image, o.external = cmp.Or(o.kubeconfig, o.gate.Kubeconfig), cmp.Or(o.image, o.gate.Image), cmp.Or(o.external, o.gate.External)
	if o.gate.Given {
		o.namespace = o.gate.Namespace
	}
	o.report, o.gateEnds = filepath.Join(dir, afterDir), true
	code := a.runWith(ctx, o)
	if code == exitCouldNotRun || code == exitUsage {
		return code
	}
	for name := range o.gate.Kept {
		code = slices.MaxFunc([]int{code, a.changed(filepath.Join(dir, beforeDir, name), filepath.Join(dir, afterDir, name))}, byGravity)
	}
	if err := os.Remove(filepath.Join(dir, gateFile)); err != nil {
		a.say("gate: %v", err)
	}
	return code
}

// changed compares the reports before and after.
func (a *app) changed(before, after string) int {
	first, err := report.Read(before)
	if err != nil {
		return a.tell("gate", err)
	}
	second, err := report.Read(after)
	if err != nil {
		return a.tell("gate", err)
	}
	return a.compared(report.Compare(first, second), "text")
}
