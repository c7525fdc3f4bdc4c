// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/render"
)

// Exit codes; where several apply, the highest wins.
const (
	exitOK         = 0
	exitRefused    = int(render.Refused)    // drift, refused, findings
	exitUsage      = int(render.Invalid)    // wrong usage or configuration
	exitUnreadable = int(render.Unreadable) // could not do the job
)

// app is the streams of one run: what it reads, and where results (out) and everything else (err) go.
type app struct {
	input.Reader
	out, err io.Writer
}

type command struct {
	name, args, does string
	run              func(*app, []string) int
}

// commands in the order of the help.
func commands() []command {
	return []command{
		{"fn", "", "the KRM function: a ResourceList on stdin, one on stdout", (*app).fn},
		{"render", "[-f FILE|DIR]... | --check [DIR]... | --write [DIR]...", "intents and facts to the rendered manifest", (*app).render},
		{"lint", "[PATH|-]...", "what the eni-configs in files, directories or a stream do to a cluster", (*app).lint},
		{"effective", "[--facts FILE] FILE|-", "the list that Terway writes to a node", (*app).effective},
		{"diff", "BEFORE AFTER", "what a change does to the list on the nodes", (*app).diff},
		{"import", "FILE|-", "a chain that exists as intents and facts", (*app).importChain},
		{"facts", "[FILE|-]...", "the facts of a cluster from `kubectl get ds,cm,nodes -A -o yaml`", (*app).facts},
		{"rules", "[--format text|json]", "all rules of lint", (*app).rules},
		{"explain", "RULE", "the page of a rule: an example, what to write instead, how it is known", (*app).explain},
		{"schema", "KIND", "the JSON Schema of a kind", (*app).schema},
		{"version", "", "the version, and that of the rules as a whole", (*app).version},
	}
}

// run executes chainlint and returns the exit code. Without arguments and with something other than a
// terminal on stdin it is the KRM function, which is what kpt and kustomize expect of an image.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	a := &app{Reader: input.Reader{In: stdin}, out: stdout, err: stderr}
	if len(args) == 0 && !isTerminal(stdin) {
		return a.fn(nil)
	}
	if len(args) == 0 {
		a.help(stderr)
		return exitUsage
	}
	defer func() {
		if r := recover(); r != nil {
			a.say("internal fault: %v. Please report it", r)
			code = exitUnreadable
		}
	}()
	switch args[0] {
	case "help", "-h", "--help":
		a.help(stdout)
		return exitOK
	}
	var names []string
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(a, args[1:])
		}
		names = append(names, c.name)
	}
	a.say("unknown command %q: %s", args[0], nearest.Hint(args[0], names))
	return exitUsage
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (a *app) help(w io.Writer) {
	fmt.Fprint(w, `chainlint renders, checks and explains the CNI chain of clusters that run Terway
(ConfigMap kube-system/eni-config).

Usage:
`)
	for _, c := range commands() {
		fmt.Fprintf(w, "  chainlint %s\n        %s\n", strings.TrimSpace(c.name+" "+c.args), c.does)
	}
	fmt.Fprint(w, `
Without arguments, with a ResourceList on stdin, it is the KRM function.
Exit codes: 0 clean; 1 findings, drift or refused; 2 wrong usage or configuration, or a fact is needed;
3 could not do the job. Where several apply, the highest.
`)
}

// say prints a line for a person.
func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.err, "chainlint: "+format+"\n", args...)
}

// tell prints problems and returns the exit code they call for.
func (a *app) tell(ps render.Problems) int {
	for _, p := range ps {
		prefix := ""
		if p.Class == render.Warning {
			prefix = "warning: "
		}
		a.say("%s%s [%s]", prefix, p.Error(), p.Code)
	}
	return int(ps.Worst())
}

// flags makes a flag set whose mistakes become one line with the nearest flag.
func (a *app) flags(name, args, does string) *pflag.FlagSet {
	fs := pflag.NewFlagSet(name, pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {
		fs.SetOutput(a.out)
		fmt.Fprintf(a.out, "Usage: chainlint %s %s\n\n%s\n\n", name, args, does)
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
