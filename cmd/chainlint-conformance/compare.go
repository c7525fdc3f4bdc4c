// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/internal/plugins"
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

// cleanup removes what a run left that was killed. Namespaces, links and rules are not among it: they end with
// the process that made them.
func (a *app) cleanup(ctx context.Context, args []string) int {
	fs := a.flags("cleanup", "[--report DIR]", "Removes what a run left that was killed: half-built plugins in the user's cache, unfinished files of a report.\nNamespaces, interfaces and rules are not among it: the kernel removes them with the process that made them.")
	dir := fs.String("report", "", "a directory that reports were written to")
	rest, code, done := a.parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) > 0:
		a.say("cleanup takes no arguments, got %q", rest)
		return exitUsage
	}
	left, err := plugins.Sweep(ctx)
	for _, name := range left {
		fmt.Fprintln(a.out, "removed", name)
	}
	if *dir != "" {
		err = errors.Join(err, sweepReports(*dir))
	}
	if err != nil {
		a.say("%v", err)
		return exitCouldNotRun
	}
	if len(left) == 0 {
		fmt.Fprintln(a.out, "no half-built plugins are left")
	}
	return exitOK
}

// sweepReports removes unfinished files in a directory, and in those of several chains below it.
func sweepReports(dir string) error {
	failed := []error{report.Sweep(dir)}
	entries, _ := os.ReadDir(dir) // Sweep tells why it cannot be read
	for _, e := range entries {
		if e.IsDir() {
			failed = append(failed, report.Sweep(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(failed...)
}
