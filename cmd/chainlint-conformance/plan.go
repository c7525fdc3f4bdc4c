// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/kind"
	"github.com/chainlint/chainlint/conformance/netns"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/conformance/target"
	"github.com/chainlint/chainlint/internal/plugins"
)

// plan says what run would do.
func (a *app) plan(ctx context.Context, args []string) int {
	o, code := a.options("plan", "Says what run with the same flags would run, what not and why, and what is missing for it.\nIt changes nothing.", args)
	if o == nil {
		return code
	}
	cases, err := a.cases(ctx, o)
	if err == nil {
		_, err = o.readExpectations()
	}
	if err != nil {
		return a.tell("plan", err)
	}
	for _, c := range cases {
		a.planOf(c)
	}
	return a.possible(ctx, o, cases)
}

// possible says whether it can be run, and what is missing for it.
func (a *app) possible(ctx context.Context, o *options, cases []*testCase) int {
	switch o.env {
	case netnsEnv:
		return a.missing(ctx, releases(cases, o))
	case kindEnv:
		if err := possibleOnKind(ctx, cases); err != nil {
			fmt.Fprintf(a.out, "This machine cannot run it: %v\n", err)
			return exitCouldNotRun
		}
		fmt.Fprintf(a.out, "Nodes will be made of %s.\nThis machine can run it.\n", cmp.Or(o.nodeImage, kind.NodeImage(ctx)))
		return exitOK
	}
	if err := o.live.replaceable(cases); err != nil {
		return a.tell("plan", err)
	}
	if err := o.live.missing(ctx); err != nil {
		fmt.Fprintf(a.out, "This user cannot run it: %v\n", err)
		return exitCouldNotRun
	}
	if o.disruptive {
		a.planReplacements(o.live, cases)
	}
	fmt.Fprintf(a.out, "It makes pods that end by themselves, in %s, and reads the chain.\nThis user can run it.\n", cmp.Or(o.namespace, "a namespace of its own"))
	return exitOK
}

// missing says whether this machine can run it, and what it lacks.
func (a *app) missing(ctx context.Context, releases []string) int {
	built := slices.DeleteFunc(slices.Clone(releases), plugins.Cached)
	cached := slices.DeleteFunc(slices.Clone(releases), func(r string) bool { return slices.Contains(built, r) })
	if len(cached) > 0 {
		fmt.Fprintf(a.out, "Plugins are in the user's cache: %s.\n", strings.Join(cached, ", "))
	}
	rootless, err := netns.Available(ctx)
	if _, lookErr := exec.LookPath("go"); err == nil && lookErr != nil && len(built) > 0 {
		err = fmt.Errorf("the CNI plugins %s are built with Go, which is not installed: install it, or name the binaries with --plugin-dir", strings.Join(built, ", "))
	}
	switch {
	case err != nil:
		fmt.Fprintf(a.out, "This machine cannot run it: %v\n", err)
		return exitCouldNotRun
	case len(built) > 0:
		fmt.Fprintf(a.out, "Plugins will be built with Go: %s.\n", strings.Join(built, ", "))
	}
	if rootless {
		fmt.Fprintln(a.out, "This machine can run it, in a user namespace.")
	} else {
		fmt.Fprintln(a.out, "This machine can run it, as root in namespaces of its own.")
	}
	return exitOK
}

func (a *app) planOf(c *testCase) {
	intents := target.Words(c.target.Intent)
	if len(intents) == 0 {
		intents = []string{"none, so only what every chain must do is judged"}
	}
	how := ""
	if c.target.Inferred {
		how = " (read off the chain)"
	}
	fmt.Fprintf(a.out, "%s\nintents%s: %s\n", c.name(), how, strings.Join(intents, "; "))
	facts := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, f := range c.facts {
		fmt.Fprintf(facts, "  %s\t%s\t%s\n", f.Name, f.Value, f.Source)
	}
	_ = facts.Flush()
	a.planTable(c)
}

// planTable has a line for each spec and mutant.
func (a *app) planTable(c *testCase) {
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	count := map[string]int{}
	for _, s := range c.specs {
		what := "not: " + s.Reason
		if slices.Contains(c.plan.Specs, s.ID) {
			what = "runs"
			count[s.Level]++
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", s.ID, s.Level, what, s.Name)
	}
	for _, id := range c.plan.Mutants {
		fmt.Fprintf(table, "  %s\tmutant\truns\t%s\n", id, conformance.FindMutant(id).Name)
	}
	_ = table.Flush()
	fmt.Fprintf(a.out, "%d core specs, %d beyond the core, %d mutants.\n\n", count[report.Core], count[report.Ext], len(c.plan.Mutants))
}
