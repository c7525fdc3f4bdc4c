// SPDX-License-Identifier: Apache-2.0

// Package report writes what a run of lint found, in the formats that people, pipelines and forges read.
package report

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/lint"
)

// Report is everything that one run of lint found.
type Report struct {
	// Files looked at that hold something.
	Files int
	// Results, one a chain.
	Results []*lint.Result
	// Facts is the file of the facts in force for a chain; "" or no entry where there are none.
	Facts map[*lint.Chain]string
	// Findings are all of them in order, also those about files and waivers, also the waived ones.
	Findings []*lint.Finding
	// Texts of the files by their names in findings, for pictures.
	Texts map[string][]byte
	// Assumed is set for --assume; Results and Findings are then those under the assumption.
	Assumed *Assumed
}

// Assumed says what was assumed in place of the facts, and what was found without that.
type Assumed struct {
	// Facts as they were given: KEY=VALUE.
	Facts []string
	// Now is the result of each chain under its own facts.
	Now map[*lint.Chain]*lint.Result
}

// Options of the formats.
type Options struct {
	// Color is for text on a terminal.
	Color bool
	// Version of chainlint, such as v0.3.0.
	Version string
	// Root is the repository: sarif, github and gitlab tell files relative to it, because forges attach
	// findings by that path. "" leaves names as they are.
	Root string
	// FailOn is the least severity that fails the run, in junit a case; "" is error, "never" none.
	FailOn string
}

// formats that Write knows.
var formats = map[string]func(*Report, Options) ([]byte, error){
	"text": textFormat, "json": jsonFormat, "sarif": sarifFormat, "junit": junitFormat,
	"github": githubFormat, "gitlab": gitlabFormat, "checkstyle": checkstyleFormat,
}

// Formats are their names, in the order of the documentation.
var Formats = []string{"text", "json", "sarif", "junit", "github", "gitlab", "checkstyle"}

// Write puts the report out. The error is that of w, or says that there is no such format.
func Write(w io.Writer, format string, r *Report, o Options) error {
	write := formats[format]
	if write == nil {
		return fmt.Errorf("unknown format %q: %s", format, nearest.Hint(format, Formats))
	}
	text, err := write(r, o)
	if err != nil {
		return fmt.Errorf("format %s: %w", format, err)
	}
	_, err = w.Write(text)
	return err
}

// Summary counts what was found; waived findings count as nothing else.
type Summary struct {
	Files    int `json:"files"`
	Chains   int `json:"chains"`
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Infos    int `json:"infos"`
	Waived   int `json:"waived"`
}

// Summary of the report.
func (r *Report) Summary() Summary {
	s := count(r.Findings)
	s.Files, s.Chains = r.Files, len(r.Results)
	return s
}

func count(findings []*lint.Finding) Summary {
	var s Summary
	for _, f := range findings {
		switch {
		case f.Waived():
			s.Waived++
		case f.Severity == lint.Error:
			s.Errors++
		case f.Severity == lint.Warning:
			s.Warnings++
		default:
			s.Infos++
		}
	}
	return s
}

// counting are the findings that nobody waived.
func counting(findings []*lint.Finding) []*lint.Finding {
	return slices.DeleteFunc(slices.Clone(findings), (*lint.Finding).Waived)
}

// group is the findings of one file.
type group struct {
	file     string
	findings []*lint.Finding
}

// byFile keeps the order in which files and findings come.
func byFile(findings []*lint.Finding) []*group {
	var all []*group
	known := map[string]*group{}
	for _, f := range findings {
		g := known[f.File]
		if g == nil {
			g = &group{file: f.File}
			known[f.File] = g
			all = append(all, g)
		}
		g.findings = append(g.findings, f)
	}
	return all
}

// fails tells whether the finding fails the run.
func (o Options) fails(f *lint.Finding) bool {
	return f.Severity.Reaches(cmp.Or(o.FailOn, string(lint.Error)))
}

// path is a file's name for a forge: relative to the repository, with slashes.
func (o Options) path(file string) string {
	file = named(file)
	if abs, err := filepath.Abs(file); err == nil && o.Root != "" && file != stream {
		if rel, err := filepath.Rel(o.Root, abs); err == nil && filepath.IsLocal(rel) {
			file = rel
		}
	}
	return strings.TrimPrefix(filepath.ToSlash(file), "./")
}

// stream is what stdin is called.
const stream = "-"

func named(file string) string { return cmp.Or(file, stream) }

// message is the finding as one paragraph, for formats that have no fields for pools and causes.
func message(f *lint.Finding) string {
	text := f.Message
	if f.NodePools != nil {
		text = "node pools " + strings.Join(f.NodePools, ", ") + ": " + text
	}
	if f.Cause != nil {
		text += " (because of " + strings.Join(f.Cause, ", ") + ")"
	}
	return clean(text)
}

// reason is why a waived finding does not count.
func reason(f *lint.Finding) string {
	if f.Waiver == nil {
		return "the baseline has it"
	}
	if f.Waiver.Until != "" {
		return f.Waiver.Reason + " (until " + f.Waiver.Until + ")"
	}
	return f.Waiver.Reason
}
