// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/internal/report"
	"github.com/chainlint/chainlint/pkg/render"
)

const failNever = "never"

// failOns in the order of the severities.
var failOns = []string{"error", "warning", "info", failNever}

// prepare reads everything but the input: mistakes there end the run before it begins.
func (l *linter) prepare() render.Problems {
	for _, step := range []func() render.Problems{l.prepareConfig, l.prepareFormats, l.prepareFlags, l.prepareFacts, l.prepareBaseline} {
		if ps := step(); ps != nil {
			return ps
		}
	}
	return nil
}

func (l *linter) prepareConfig() render.Problems {
	l.config = &lintConfig{}
	file := l.flags.config
	if file == "" {
		start := "."
		if len(l.roots) > 0 {
			start = l.roots[0]
		}
		file = findConfig(start)
	}
	if file == "" {
		return nil
	}
	var ps render.Problems
	l.config, ps = l.readConfig(file)
	return ps
}

func (l *linter) prepareFlags() render.Problems {
	l.failOn = cmp.Or(l.flags.failOn, l.config.spec.FailOn, failOns[0])
	switch {
	case !slices.Contains(failOns, l.failOn):
		return input.Usage("lint: --fail-on must be one of %s, not %q: %s", strings.Join(failOns, ", "), l.failOn, nearest.Hint(l.failOn, failOns))
	case l.flags.fix && !l.flags.diff && slices.Contains(l.paths, streamName):
		return input.Usage("lint: --fix writes files, and the stream is none: name files, or use --diff")
	}
	var ps render.Problems
	l.assumption, ps = input.ParseAssumption("lint: --assume", l.flags.assume)
	return ps
}

func (l *linter) prepareFacts() (ps render.Problems) {
	if l.flags.facts != "" {
		if l.givenFacts, ps = l.FactsFrom(l.flags.facts); ps == nil {
			_, ps = render.ParseFacts(l.givenFacts)
		}
	}
	return ps
}

func (l *linter) prepareBaseline() (ps render.Problems) {
	if l.flags.baseline != "" {
		l.baseline, ps = readBaseline(l.flags.baseline)
	}
	return ps
}

func (l *linter) baselineDir() string { return filepath.Dir(input.Absolute(l.flags.baseline)) }

// output is one format and the file that it goes to, "" for stdout.
type output struct{ format, file string }

// prepareFormats reads --format and --output.
func (l *linter) prepareFormats() render.Problems {
	formats := l.flags.formats
	if len(formats) == 0 {
		formats = []string{"text"}
		if os.Getenv("GITHUB_ACTIONS") == "true" {
			formats = []string{"github"}
		}
	}
	for _, f := range formats {
		format, file, named := strings.Cut(f, "=")
		switch {
		case !slices.Contains(report.Formats, format):
			return input.Usage("lint: unknown format %q: %s", format, nearest.Hint(format, report.Formats))
		case named && file == "":
			return input.Usage("lint: --format %s names no file", f)
		case slices.ContainsFunc(l.outputs, func(o output) bool { return o.file == file }):
			return input.Usage("lint: two formats go to the same place: write --format %s=FILE", format)
		}
		l.outputs = append(l.outputs, output{format, file})
	}
	if l.flags.output != "" {
		if len(l.outputs) > 1 || l.outputs[0].file != "" {
			return input.Usage("lint: --output is for one format without a file: write --format FORMAT=FILE for each")
		}
		l.outputs[0].file = l.flags.output
	}
	return nil
}
