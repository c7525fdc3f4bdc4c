// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// HTML is the report as one page that needs nothing else: no script, no other file, no network.
func HTML(r *Report) ([]byte, error) {
	t, err := template.New("page").Funcs(pageWords).Parse(pageText)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, newPage(r))
	return bytes.Map(visible, out.Bytes()), err
}

// visible keeps letters that turn the direction of a text, or that are none, from the page.
func visible(r rune) rune {
	if r != '\n' && printable(r) == ' ' && r != ' ' {
		return '\uFFFD'
	}
	return r
}

// pageWords are what the template calls the parts of a report.
var pageWords = template.FuncMap{
	"sign":       func(s *Spec) string { return sign(s.Result()) },
	"outcome":    func(s *Spec) string { return s.Result().words() },
	"because":    (*Spec).because,
	"remark":     (*Spec).remark,
	"waived":     (*Spec).waived,
	"deviations": deviationsBeside,
	"tone":       func(s *Spec) string { return outcomeTones[s.Result()] },
	"stateTone":  func(s state) string { return stateTones[s] },
	"mutantTone": func(m Mutant) string { return mutantTones[m.Word()] },
	"outcomes":   Outcome.words,
	"ids":        ids,
	"join":       strings.Join,
	"took":       took,
	"plural":     plural,
	"astray":     astray,
	"web": func(link string) bool {
		return strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "http://")
	},
}

// deviationsBeside the reason: one alone is the reason.
func deviationsBeside(s *Spec) []Observation {
	if all := s.deviations(maxDeviations); len(all) > 1 || s.because() == "" {
		return all
	}
	return nil
}

// The tones are classes of the style; each goes with a sign and a word.
var (
	outcomeTones = map[Outcome]string{Pass: "good", Fail: "bad", Inconclusive: "unsure", NotApplicable: "quiet", Skipped: "unsure"}
	stateTones   = map[state]string{asExpected: "good", unexpected: "bad", undecided: "unsure", recorded: "quiet", "": "none"}
	mutantTones  = map[string]string{"killed": "good", "survived": "bad", "undecided": "unsure", "not possible here": "quiet", "skipped": "quiet"}
	verdictTones = map[string]string{Go: "good", NoGo: "bad", Hold: "unsure", DidNotRun: "unsure"}
	pageSigns    = map[string]string{Go: "✓", NoGo: "✕", Hold: "?", DidNotRun: "○"}
)

// page is the report with what follows from it.
type page struct {
	*Report
	Style          template.CSS
	Headline       string
	Sign, Tone     string
	Reasons        []string
	Tally          tally
	Table          *table
	Link, Others   []reading
	OtherWords     string
	Causes         []cause
	Slowest        []*Spec
	Untested       []untested
	Mutants        []Mutant
	Score          string
	Loose          []string
	Groups         []group
	InPassing, Day string
}

func newPage(r *Report) *page {
	p := &page{
		Report: r, Style: template.CSS(pageStyle), Headline: r.Headline(), Tone: verdictTones[r.Verdict.Word], Sign: pageSigns[r.Verdict.Word],
		Table: r.reachability(), Causes: causesOf(r.trouble()), Slowest: r.slowest(5),
		Untested: r.untested(), Mutants: r.Mutation.sorted(), Groups: r.groups(), Loose: r.looseEnds(), Tally: r.tally(),
		InPassing: r.inPassing(), Day: r.Run.Start.UTC().Format("2 January 2006, 15:04 UTC"),
	}
	p.Reasons = slices.DeleteFunc(slices.Clone(r.Verdict.Reasons), func(reason string) bool { return reason == p.Headline })
	if small, _ := p.Table.probed(); small.Rows == nil {
		p.Table = nil
	}
	p.Link, p.Others = r.readings()
	p.OtherWords = summary(p.Others)
	if r.Mutation != nil {
		p.Score = r.Mutation.String()
	}
	return p
}

// tally counts the specs by outcome, a row for each kind of spec.
type tally struct {
	Columns []string
	Rows    []tallyRow
}

type tallyRow struct {
	Name   string
	Counts []int
}

func (r *Report) tally() tally {
	t := tally{}
	for _, o := range outcomes {
		t.Columns = append(t.Columns, o.Sign+" "+o.Many)
	}
	for _, kind := range []struct {
		name string
		of   func(*Spec) bool
	}{
		{"core", (*Spec).decides},
		{"beyond the core", func(s *Spec) bool { return s.Judged && !s.decides() }},
		{"not judged: not asked for, or with a chain of their own", func(s *Spec) bool { return !s.Judged }},
	} {
		row := tallyRow{Name: kind.name, Counts: make([]int, len(outcomes))}
		specs := r.where(kind.of)
		for i, o := range outcomes {
			row.Counts[i] = len(slices.DeleteFunc(slices.Clone(specs), func(s *Spec) bool { return s.Result() != o.Outcome }))
		}
		if specs != nil {
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

func took(seconds float64) string {
	if seconds < 1 {
		return fmt.Sprintf("%.0f ms", seconds*1000)
	}
	return fmt.Sprintf("%.1f s", seconds)
}
