// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/chainlint/chainlint/conformance/netns"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/conformance/target"
)

// plan says what run would do.
func (a *app) plan(ctx context.Context, args []string) int {
	o, cases, code := a.load("plan", "Says what run with the same flags would run, what not and why, and what is missing for it.\nIt changes nothing.", args)
	if len(cases) == 0 {
		return code
	}
	for _, c := range cases {
		a.planOf(c, o)
	}
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
	if built := releases(cases, o); len(built) > 0 {
		fmt.Fprintf(a.out, "Plugins are taken from the cache, or built with Go: %s.\n", strings.Join(built, ", "))
	}
	return exitOK
}

func (a *app) planOf(c *testCase, o *options) {
	words := target.Words(c.target.Intent)
	if len(words) == 0 {
		words = []string{"none, so only what every chain must do is judged"}
	}
	how := ""
	if c.target.Inferred {
		how = " (read off the chain)"
	}
	fmt.Fprintf(a.out, "%s\nintents%s: %s\n", c.name(), how, strings.Join(words, "; "))
	facts := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, f := range c.facts {
		fmt.Fprintf(facts, "  %s\t%s\t%s\n", f.Name, f.Value, f.Source)
	}
	_ = facts.Flush()
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	core, ext := 0, 0
	for _, s := range c.specs {
		what := "runs"
		if s.Code != "not-run" {
			what = "not: " + s.Reason
		} else if s.Level == report.Core {
			core++
		} else {
			ext++
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", s.ID, s.Level, what, s.Name)
	}
	_ = table.Flush()
	fmt.Fprintf(a.out, "%d core specs, %d beyond the core, %d mutants.\n\n", core, ext, len(c.plan.Mutants))
	_ = o
}
