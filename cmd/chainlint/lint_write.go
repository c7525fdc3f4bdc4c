// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/internal/report"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/render"
)

// output is one format and the file that it goes to, "" for stdout.
type output struct{ format, file string }

// parseFormats reads --format and --output.
func (l *linter) parseFormats() ([]output, render.Problems) {
	formats := l.flags.formats
	if len(formats) == 0 {
		formats = []string{"text"}
		if os.Getenv("GITHUB_ACTIONS") == "true" {
			formats = []string{"github"}
		}
	}
	var all []output
	for _, f := range formats {
		format, file, named := strings.Cut(f, "=")
		switch {
		case !slices.Contains(report.Formats, format):
			return nil, usage("lint: unknown format %q: %s", format, nearest.Hint(format, report.Formats))
		case named && file == "":
			return nil, usage("lint: --format %s names no file", f)
		case slices.ContainsFunc(all, func(o output) bool { return o.file == file }):
			return nil, usage("lint: two formats go to the same place: write --format %s=FILE", format)
		}
		all = append(all, output{format, file})
	}
	if l.flags.output != "" {
		if len(all) > 1 || all[0].file != "" {
			return nil, usage("lint: --output is for one format without a file: write --format FORMAT=FILE for each")
		}
		all[0].file = l.flags.output
	}
	return all, nil
}

// write puts the report out in every format.
func (l *linter) write() {
	r := l.report()
	for _, o := range l.outputs {
		var b bytes.Buffer
		options := report.Options{Version: versionText(), Root: repositoryRoot(absolute(".")), Color: o.file == "" && colorful(l.app)}
		err := report.Write(&b, o.format, r, options)
		if err == nil {
			err = l.emit(o.file, b.Bytes())
		}
		if err != nil {
			l.raise(l.tell(unreadable(err)))
		}
	}
}

func (l *linter) report() *report.Report {
	r := &report.Report{Files: len(l.sources), Facts: map[*lint.Chain]string{}, Findings: l.findings(), Texts: map[string][]byte{}}
	for _, s := range l.sources {
		r.Texts[s.File] = s.Text
	}
	for _, s := range l.subjects {
		r.Results = append(r.Results, s.result)
		if s.facts.Object != nil {
			r.Facts[s.chain] = filepath.ToSlash(s.facts.Object.File)
		}
	}
	return r
}
