// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/netns"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/conformance/target"
)

// plan says what run would do.
func (a *app) plan(ctx context.Context, args []string) int {
	o, code := a.options("plan", "Says what run with the same flags would run, what not and why, and what is missing for it.\nIt changes nothing.", args)
	if o == nil {
		return code
	}
	cases, err := a.cases(o)
	if err == nil {
		_, err = o.readExpectations()
	}
	if err != nil {
		return a.tell("plan", err)
	}
	for _, c := range cases {
		a.planOf(c)
	}
	return a.missing(ctx, releases(cases, o))
}

// missing says whether this machine can run it, and what it lacks.
func (a *app) missing(ctx context.Context, releases []string) int {
	rootless, err := netns.Available(ctx)
	switch {
	case err != nil:
		fmt.Fprintf(a.out, "This machine cannot run it: %v\n", err)
		return exitCouldNotRun
	case rootless:
		fmt.Fprintln(a.out, "This machine can run it, in a user namespace.")
	default:
		fmt.Fprintln(a.out, "This machine can run it, as root in namespaces of its own.")
	}
	if len(releases) > 0 {
		fmt.Fprintf(a.out, "Plugins are taken from the cache, or built with Go: %s.\n", strings.Join(releases, ", "))
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
