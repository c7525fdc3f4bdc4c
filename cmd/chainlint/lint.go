// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/chainlint/chainlint/internal/report"
	"github.com/chainlint/chainlint/internal/scan"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/render"
)

type lintFlags struct {
	facts, output, against, baseline, writeBaseline, config, failOn string
	assume, formats                                                 []string
	fix, diff, allowEmpty                                           bool
}

func (a *app) lint(args []string) int {
	l := &linter{app: a, today: time.Now().UTC().Format(time.DateOnly)}
	f := &l.flags
	fs := a.flags("lint", "[PATH|-]...", "Lints the eni-configs in files, in directories (recursively; default .) or in a stream.")
	fs.StringVar(&f.facts, "facts", "", "the ClusterFacts to use instead of those found")
	fs.StringArrayVar(&f.assume, "assume", nil, "KEY=VALUE: judge with this fact in place of the chains' own, such as terway.version=v1.17.5; repeatable")
	fs.StringArrayVar(&f.formats, "format", nil, "FORMAT or FORMAT=PATH, repeatable: "+strings.Join(report.Formats, ", ")+" (default text; github in GitHub Actions)")
	fs.StringVarP(&f.output, "output", "o", "", "write the one format to this file instead of stdout")
	fs.StringVar(&f.failOn, "fail-on", "", "exit 1 on findings from this severity on: error, warning, info or never (default error)")
	fs.BoolVar(&f.fix, "fix", false, "repair what can be repaired without changing what works")
	fs.BoolVar(&f.diff, "diff", false, "print as a diff what --fix would change; nothing is written")
	fs.StringVar(&f.against, "against", "", "FILE, DIR or git:REV: the state before, for rules about a change")
	fs.StringVar(&f.baseline, "baseline", "", "findings in this file do not count")
	fs.StringVar(&f.writeBaseline, "write-baseline", "", "write the findings of today to this file")
	fs.StringVar(&f.config, "config", "", "the configuration (default: "+configName+", searched upwards to the root of the repository)")
	fs.BoolVar(&f.allowEmpty, "allow-empty", false, "no eni-config in the input is no mistake")
	paths, code, done := a.parse(fs, args)
	if done {
		return code
	}
	if len(paths) == 0 {
		paths = []string{"."}
	}
	l.paths = paths
	return l.run()
}

// linter is one run of the command.
type linter struct {
	*app
	flags lintFlags
	today string
	paths []string

	config   *lintConfig
	outputs  []output
	failOn   string
	sources  []*lint.Source
	subjects []*lintSubject
	// about are findings about waivers, of the last judgement.
	about   []*lint.Finding
	scanned *scan.Result
	seen    int
	code    int
}

// lintSubject is a chain with everything that its judgement takes.
type lintSubject struct {
	source *lint.Source
	chain  *lint.Chain
	facts  render.Facts
	result *lint.Result
	// now is the judgement without what is assumed.
	now *lint.Result
}

func (l *linter) run() int {
	if ps := l.prepare(); ps != nil {
		return l.tell(ps)
	}
	l.read()
	l.findFacts()
	l.judge()
	if len(l.subjects) == 0 && !l.flags.allowEmpty && l.code == exitOK {
		l.raise(l.tell(usage("there is no eni-config in %s (%d files looked at), so nothing was linted: name where it is, or say --allow-empty", strings.Join(l.paths, ", "), l.seen)))
	}
	l.write()
	return l.exit()
}

// prepare reads everything but the input: mistakes there end the run before it begins.
func (l *linter) prepare() render.Problems {
	var ps render.Problems
	if l.outputs, ps = l.parseFormats(); ps != nil {
		return ps
	}
	l.failOn = cmp.Or(l.flags.failOn, "error")
	if !slices.Contains(failOns, l.failOn) {
		return usage("lint: --fail-on must be one of %s, not %q", strings.Join(failOns, ", "), l.failOn)
	}
	return nil
}

var failOns = []string{"error", "warning", "info", "never"}

func (l *linter) raise(code int) { l.code = max(l.code, code) }

// judge lints every chain.
func (l *linter) judge() {
	var results []*lint.Result
	for _, s := range l.subjects {
		s.result = lint.Lint(s.chain, s.facts.Facts)
		results = append(results, s.result)
	}
	l.about = lint.Waive(results, nil, l.today)
}

// findings are all of them, by file and place.
func (l *linter) findings() []*lint.Finding {
	all := slices.Clone(l.about)
	for _, s := range l.sources {
		all = append(all, s.Findings...)
	}
	for _, s := range l.subjects {
		all = append(all, s.result.Findings...)
	}
	slices.SortStableFunc(all, func(a, b *lint.Finding) int {
		return cmp.Or(
			strings.Compare(a.File, b.File),
			cmp.Compare(a.Span.From.Line, b.Span.From.Line),
			cmp.Compare(a.Span.From.Column, b.Span.From.Column),
		)
	})
	return all
}

// exit is the highest code that applies.
func (l *linter) exit() int {
	limit := slices.Index(failOns, l.failOn)
	for _, f := range l.findings() {
		if !f.Waived() && slices.Index(failOns, string(f.Severity)) <= limit && l.failOn != "never" {
			l.raise(exitRefused)
		}
	}
	return l.code
}

func colorful(a *app) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(a.out)
}
