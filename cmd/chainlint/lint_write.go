// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/report"
	"github.com/chainlint/chainlint/pkg/lint"
)

// write puts the report out in every format. Beside a diff, which is a result of its own, the report for stdout
// goes to stderr.
func (l *linter) write() {
	r := l.report()
	if l.baseline != nil {
		if gone := l.baseline.gone(r.Findings, l.baselineDir(), l.covers); gone > 0 {
			l.say("%s: write it anew with --write-baseline %s", entries(gone), l.flags.baseline)
		}
	}
	for _, o := range l.outputs {
		var b bytes.Buffer
		options := report.Options{Version: versionText(), Root: input.RepositoryRoot(input.Absolute(".")), FailOn: l.failOn, Color: o.file == "" && l.colorful()}
		err := report.Write(&b, o.format, r, options)
		switch {
		case err != nil:
		case o.file == "" && l.flags.diff:
			_, err = l.err.Write(b.Bytes())
		default:
			err = l.emit(o.file, b.Bytes())
		}
		if err != nil {
			l.fail(input.Unreadable(unwritten(cmp.Or(o.file, "standard output"), err)))
		}
	}
}

func entries(n int) string {
	if n == 1 {
		return "1 entry of the baseline no longer occurs"
	}
	return fmt.Sprintf("%d entries of the baseline no longer occur", n)
}

func (l *linter) report() *report.Report {
	r := &report.Report{Files: len(l.files), Facts: map[*lint.Chain]string{}, Findings: l.findings(), Texts: map[string][]byte{}}
	shown := pictureFindings(r.Findings)
	for _, f := range l.files {
		if shown[f.File] {
			r.Texts[f.File] = pictured(f)
		}
	}
	if l.config.object != nil {
		r.Texts[l.config.object.File] = l.config.text
	}
	if l.assumption != nil {
		r.Assumed = &report.Assumed{Facts: l.assumption.Given, Now: map[*lint.Chain]*lint.Result{}}
	}
	for _, s := range l.subjects {
		r.Results = append(r.Results, s.result)
		r.Facts[s.chain] = filepath.ToSlash(s.factsFile)
		if s.now != nil {
			r.Assumed.Now[s.chain] = s.now
		}
	}
	return r
}

// colorful tells whether a terminal will show the report to somebody who did not ask for plain text.
func (l *linter) colorful() bool {
	out := l.out
	if l.flags.diff {
		out = l.err
	}
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(out)
}
