// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/manifest"
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
	l := &linter{app: a, today: time.Now().UTC().Format(time.DateOnly), origins: map[string]*origin{}, told: map[string]bool{}}
	f := &l.flags
	fs := a.flags("lint", "[PATH|-]...", "Lints the eni-configs in files, in directories (recursively; default .) or in a stream.")
	fs.StringVar(&f.facts, "facts", "", "the ClusterFacts to use instead of those found")
	fs.StringArrayVar(&f.assume, "assume", nil, "KEY=VALUE: judge with this fact in place of the chains' own, such as terway.version=v1.17.5; repeatable")
	fs.StringArrayVar(&f.formats, "format", nil, "FORMAT or FORMAT=PATH, repeatable: "+strings.Join(report.Formats, ", ")+" (default text; github in GitHub Actions)")
	fs.StringVarP(&f.output, "output", "o", "", "write the one format to this file instead of stdout")
	fs.StringVar(&f.failOn, "fail-on", "", "exit 1 on findings from this severity on: error, warning, info or never (default error)")
	fs.BoolVar(&f.fix, "fix", false, "repair what can be repaired without changing what works")
	fs.BoolVar(&f.diff, "diff", false, "print as a diff what --fix would change, and write nothing")
	fs.StringVar(&f.against, "against", "", "FILE, DIR or git:REV: the state before, for rules about a change")
	fs.StringVar(&f.baseline, "baseline", "", "findings in this file do not count")
	fs.StringVar(&f.writeBaseline, "write-baseline", "", "write the findings of today to this file")
	fs.StringVar(&f.config, "config", "", "the configuration (default: "+configName+", searched upwards to the root of the repository)")
	fs.BoolVar(&f.allowEmpty, "allow-empty", false, "no eni-config in the input is no mistake")
	paths, code, done := a.parse(fs, args)
	if done {
		return code
	}
	l.usePaths(paths)
	return l.run()
}

// linter is one run of the command.
type linter struct {
	*app
	flags lintFlags
	today string
	// paths of the command line; roots are those on disk.
	paths, roots []string

	config     *lintConfig
	outputs    []output
	failOn     string
	assumption *input.Assumption
	baseline   *baseline
	givenFacts *manifest.Object

	scanned  *scan.Result
	files    []*lintFile
	finder   *lintFacts
	origins  map[string]*origin
	past     past
	subjects []*lintSubject
	// about are findings about waivers, of the last judgement.
	about []*lint.Finding
	seen  int
	code  int
	told  map[string]bool
}

// lintSubject is a chain with everything that its judgement takes.
type lintSubject struct {
	file  *lintFile
	chain *lint.Chain
	facts render.Facts
	// factsFile is where they stand.
	factsFile string
	origin    *origin
	result    *lint.Result
	// now is the judgement without what is assumed.
	now *lint.Result
}

func (l *linter) usePaths(paths []string) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	l.paths = paths
	l.roots = slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return p == streamName })
}

func (l *linter) run() int {
	if ps := l.prepare(); ps != nil {
		return l.tell(ps)
	}
	l.read()
	var ps render.Problems
	if l.past, ps = l.readPast(); ps != nil {
		l.fail(ps)
	}
	l.finder = l.newLintFacts()
	l.assemble()
	l.judge()
	l.fix()
	if len(l.subjects) == 0 && !l.flags.allowEmpty && l.code == exitOK {
		l.fail(input.Usage("there is no eni-config in %s (%s looked at), so nothing was linted: name where it is, or say --allow-empty", strings.Join(l.paths, ", "), counted(l.seen, "file")))
	}
	l.saveBaseline()
	l.write()
	return l.exit()
}

// fail tells problems, each once, and raises the exit code.
func (l *linter) fail(ps render.Problems) {
	for _, p := range ps {
		if line := p.Error(); !l.told[line] {
			l.told[line] = true
			l.tell(render.Problems{p})
		}
	}
	l.code = max(l.code, int(ps.Worst()))
}

// assemble gives every chain its facts, its past and its origin.
func (l *linter) assemble() {
	l.subjects = nil
	for _, f := range l.files {
		for _, c := range f.Chains {
			s := &lintSubject{file: f, chain: c, origin: l.originOf(f.File)}
			l.giveFacts(s)
			if s.origin != nil {
				c.Wishes = s.origin.wishes
			}
			l.subjects = append(l.subjects, s)
		}
	}
	l.pair()
}

func (l *linter) giveFacts(s *lintSubject) {
	if s.origin != nil && s.origin.facts.Object != nil && l.givenFacts == nil {
		s.facts, s.factsFile = s.origin.facts, s.origin.factsFile
		return
	}
	var ps render.Problems
	if s.facts, ps = l.finder.of(s); ps != nil {
		l.fail(ps)
	}
	if s.facts.Object != nil {
		s.factsFile = s.facts.Object.File
	}
}

// judge lints every chain, with what is assumed, and then without.
func (l *linter) judge() {
	l.about = l.verdict(l.assumption, func(s *lintSubject, r *lint.Result) { s.result = r })
	if l.assumption != nil {
		l.verdict(nil, func(s *lintSubject, r *lint.Result) { s.now = r })
	}
}

// verdict lints, explains, and marks what waivers and the baseline cover. It returns what is to be said of the
// waivers themselves.
func (l *linter) verdict(a *input.Assumption, keep func(*lintSubject, *lint.Result)) []*lint.Finding {
	var results []*lint.Result
	var findings []*lint.Finding
	for _, s := range l.subjects {
		r := l.lintOne(s, a)
		keep(s, r)
		results = append(results, r)
		findings = append(findings, r.Findings...)
	}
	for _, f := range l.files {
		if len(f.Findings) > 0 {
			results = append(results, &lint.Result{Chain: &lint.Chain{File: f.File}, Findings: f.Findings})
			findings = append(findings, f.Findings...)
		}
	}
	about := slices.DeleteFunc(lint.Waive(results, l.config.waivers(), l.today), l.unjudgeable)
	findings = append(findings, about...)
	l.baseline.apply(findings, l.baselineDir())
	return about
}

// lintOne lints a chain. A fault in one does not take away what is found in the others.
func (l *linter) lintOne(s *lintSubject, a *input.Assumption) (r *lint.Result) {
	r = &lint.Result{Chain: s.chain, NotChecked: []lint.Missing{}}
	defer l.recover(s.file.File)
	facts, err := a.Facts(s.facts.Facts)
	if err != nil {
		l.fail(input.Unreadable(err))
	}
	r = lint.Lint(s.chain, facts)
	s.origin.explain(r)
	return r
}

// recover turns a panic into a problem of one file.
func (l *linter) recover(file string) {
	if r := recover(); r != nil {
		l.fail(input.Unreadable(fmt.Errorf("%s: internal fault: %v. Please report it", file, r)))
	}
}

// unjudgeable: whether a waiver of the configuration is unused shows only when all files are linted.
func (l *linter) unjudgeable(f *lint.Finding) bool {
	return f.Rule.ID == "waiver-unused" && l.config.object != nil && f.File == l.config.object.File && !l.covers(l.config.dir)
}

// covers tells whether a file or directory was linted as a whole.
func (l *linter) covers(name string) bool {
	return slices.ContainsFunc(l.roots, func(root string) bool { return input.Within(input.Absolute(root), name) })
}

// findings are all of them, by file and place.
func (l *linter) findings() []*lint.Finding {
	all := slices.Clone(l.about)
	for _, f := range l.files {
		all = append(all, f.Findings...)
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
	for _, f := range l.findings() {
		if !f.Waived() && f.Severity.Reaches(l.failOn) {
			return max(l.code, exitRefused)
		}
	}
	return l.code
}
