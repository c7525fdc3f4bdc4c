// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/chainlint/chainlint/internal/nearest"
)

// Exit codes, of which the first and the last are verdicts, too.
const (
	exitOK          = 0
	exitUsage       = 2
	exitCouldNotRun = 3
	exitHold        = 4
)

// app is the streams of one run: results go to out, everything else to err.
type app struct {
	in       io.Reader
	out, err io.Writer
}

type command struct {
	name, args, does string
	run              func(*app, context.Context, []string) int
}

// commands in the order of the help.
func commands() []command {
	return []command{
		{"run", "[--env netns|kind|cluster] [--overlay DIR | --eni-config FILE [--intent FILE|DIR] [--facts FILE]]", "runs the specs and gives the verdict", (*app).run},
		{"plan", "[the flags of run]", "what would run, what would not and why; touches nothing", (*app).plan},
		{"compare", "BEFORE AFTER", "two report.json: regressions, fixes, drift", (*app).compare},
		{"specs", "[--format text|json]", "the catalogue of specs and mutants", (*app).specs},
		{"explain", "ID", "the page of a spec or mutant: what it proves, and how", (*app).explain},
		{"gate", "--before DIR | --after DIR", "the upgrade gate of a cluster: before the upgrade, and after it", (*app).gate},
		{"facts", "[--kubeconfig FILE]", "the ClusterFacts of a live cluster", (*app).facts},
		{"images", "[save FILE|-]", "the one image, and its archive", (*app).images},
		{"rbac", "[--namespace NAME]", "the minimal permissions as manifests", (*app).rbac},
		{"cleanup", "[--report DIR] [--kubeconfig FILE]", "removes what a run left that was killed", (*app).cleanup},
		{"version", "", "the version", (*app).version},
	}
}

// inside are commands that run in containers of the suite; nobody types them.
func inside() []command {
	return []command{{name: "agent", run: (*app).agent}, {name: "stub", run: (*app).stub}}
}

// run executes chainlint-conformance and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	a := &app{in: stdin, out: stdout, err: stderr}
	defer func() {
		if r := recover(); r != nil {
			a.say("internal fault: %v. Please report it", r)
			code = exitCouldNotRun
		}
	}()
	if len(args) == 0 {
		a.help(stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "--help":
		a.help(stdout)
		return exitOK
	}
	var names []string
	for _, c := range append(commands(), inside()...) {
		if c.name == args[0] {
			return c.run(a, ctx, args[1:])
		}
		if c.does != "" {
			names = append(names, c.name)
		}
	}
	a.say("unknown command %q: %s", args[0], nearest.Hint(args[0], names))
	return exitUsage
}

func (a *app) help(w io.Writer) {
	fmt.Fprint(w, `chainlint-conformance proves with packets that a CNI chain of Terway (ConfigMap
kube-system/eni-config) does what its intents say.

Usage:
`)
	for _, c := range commands() {
		fmt.Fprintf(w, "  chainlint-conformance %s\n        %s\n", strings.TrimSpace(c.name+" "+c.args), c.does)
	}
	fmt.Fprint(w, `
Exit codes are verdicts: 0 GO; 1 NO-GO; 2 wrong usage; 3 could not run; 4 HOLD, something in the core is
undecided.
`)
}

// say prints a line for a person.
func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.err, "chainlint-conformance: "+format+"\n", args...)
}

// flags makes a flag set whose mistakes become one line with the nearest flag.
func (a *app) flags(name, args, does string) *pflag.FlagSet {
	fs := pflag.NewFlagSet(name, pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.SortFlags = false
	fs.Usage = func() {
		fs.SetOutput(a.out)
		fmt.Fprintf(a.out, "Usage: chainlint-conformance %s %s\n\n%s\n\n", name, args, does)
		fs.PrintDefaults()
	}
	return fs
}

// parse returns the arguments left; done means that the command ends here with that code.
func (a *app) parse(fs *pflag.FlagSet, args []string) (rest []string, code int, done bool) {
	err := fs.Parse(args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return nil, exitOK, true
	case err != nil:
		a.say("%s: %v%s", fs.Name(), err, flagHint(fs, err))
		return nil, exitUsage, true
	}
	return fs.Args(), exitOK, false
}

func flagHint(fs *pflag.FlagSet, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	var names []string
	fs.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if best := nearest.To(unknown.GetSpecifiedName(), names); best != "" {
		return ": did you mean --" + best + "?"
	}
	return ""
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colored tells whether a stream takes colours.
func colored(stream any) bool { return isTerminal(stream) && os.Getenv("NO_COLOR") == "" }
