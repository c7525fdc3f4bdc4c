// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"slices"

	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/internal/nearest"
)

var compareFormats = []string{"text", "markdown", "json"}

func (a *app) compare(_ context.Context, args []string) int {
	fs := a.flags("compare", "BEFORE AFTER", "Compares two report.json: regressions, fixes, what drifted while both pass, and what changed around.\nThe exit code is the verdict on the change.")
	format := fs.String("format", "text", "text, markdown or json")
	rest, code, done := a.parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) != 2:
		a.say("compare: name two reports: the one before, the one after")
		return exitUsage
	case !slices.Contains(compareFormats, *format):
		a.say("compare: unknown format %q: %s", *format, nearest.Hint(*format, compareFormats))
		return exitUsage
	}
	before, err := report.Read(rest[0])
	if err == nil {
		var after *report.Report
		if after, err = report.Read(rest[1]); err == nil {
			return a.compared(report.Compare(before, after), *format)
		}
	}
	a.say("%v", err)
	return exitCouldNotRun
}

func (a *app) compared(c *report.Comparison, format string) int {
	var text []byte
	switch format {
	case "markdown":
		text = c.Markdown()
	case "json":
		var err error
		if text, err = c.JSON(); err != nil {
			a.say("%v", err)
			return exitCouldNotRun
		}
	default:
		text = c.Text(colored(a.out))
	}
	_, _ = a.out.Write(text)
	return c.Verdict.Exit
}
