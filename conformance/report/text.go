// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Text is the report for a terminal: the essence, short and aligned. Colour says nothing that words do not say.
func Text(r *Report, color bool) []byte {
	t := &textReport{report: r, color: color}
	t.world()
	t.reachability()
	t.readings()
	t.trouble()
	t.untested()
	t.mutants()
	t.loose()
	t.verdict()
	return []byte(t.String())
}

type textReport struct {
	strings.Builder
	report *Report
	color  bool
}

func (t *textReport) world() {
	r := t.report
	fmt.Fprintf(t, "%s  %s\n", t.paint("1", line(r.Target.Name, maxLine)), line(r.inPassing(), maxLine))
	if r.Run.StandIn != "" {
		fmt.Fprintf(t, "stand-in for Terway: %s\n", line(r.Run.StandIn, maxLine))
	}
	for _, e := range r.Run.Emulated {
		fmt.Fprintf(t, "emulated: %s\n", line(e, maxLine))
	}
	for _, intent := range r.Target.Intents {
		fmt.Fprintf(t, "intent%s: %s\n", r.Target.inferred(), line(intent, maxLine))
	}
}

// inferred is what is said of intents that nobody wrote.
func (t Target) inferred() string {
	if t.Inferred {
		return " (read off the chain)"
	}
	return ""
}

// inPassing is how and with what the run was made.
func (r *Report) inPassing() string {
	parts := []string{r.Run.Environment, r.Run.Mode}
	if r.Run.Rootless {
		parts = append(parts, "rootless")
	}
	if r.Target.Backend != "" {
		parts = append(parts, "backend "+r.Target.Backend)
	}
	return strings.Join(append(parts, fmt.Sprintf("%.1f s", r.Run.Seconds)), ", ")
}

func (t *textReport) heading(text string) { fmt.Fprintf(t, "\n%s\n", t.paint("1", text)) }

func (t *textReport) reachability() {
	grid, without := t.report.reachability().probed()
	if grid.Rows == nil {
		return
	}
	t.heading("host ports, and as whom the pod sees the client")
	lines := [][]string{append([]string{""}, grid.Columns...)}
	for _, row := range grid.Rows {
		cells := []string{line(row.Vantage, 40)}
		for _, c := range row.Cells {
			cells = append(cells, c.brief())
		}
		lines = append(lines, cells)
	}
	t.grid(lines)
	if without != nil {
		fmt.Fprintf(t, "  not probed: %s\n", strings.Join(without, ", "))
	}
}

// brief is a cell in a few letters: ok preserved; FAIL timeout. What is not said was to be answered.
func (c cell) brief() string {
	text := map[state]string{asExpected: "ok", unexpected: "FAIL", undecided: "?", recorded: "saw"}[c.State]
	if text == "" {
		return "-"
	}
	if c.shown.Got != "answered" || c.State == recorded {
		text += " " + c.shown.Got
	}
	if c.Class() != "" {
		text += " " + c.Class()
	}
	if want := or(c.Expected(), c.WantClass()); want != "" && want != "answered" {
		text += ", want " + want
	}
	return line(text, 60)
}

func (t *textReport) readings() {
	link, others := t.report.readings()
	if link == nil && others == nil {
		return
	}
	t.heading("link-local addresses in the pod, and what else was read")
	var lines [][]string
	for _, r := range append(link, astray(others)...) {
		words := map[state]string{asExpected: "ok", unexpected: "FAIL", undecided: "?", recorded: "saw"}[r.State]
		text := line(strings.Join(r.Got, "; "), 100)
		if r.Expected != nil {
			text += ", want " + line(strings.Join(r.Expected, "; "), 100)
		}
		lines = append(lines, []string{line(r.Name(), 40), words, text})
	}
	t.grid(lines)
	if others != nil {
		fmt.Fprintf(t, "  %s\n", summary(others))
	}
}

func (t *textReport) trouble() {
	all := t.report.trouble()
	if all == nil {
		return
	}
	t.heading("what did not pass")
	for _, c := range causesOf(all[:min(len(all), maxTrouble)]) {
		for _, s := range c.Specs {
			fmt.Fprintf(t, "%s %s  %s%s\n", t.outcome(s.Result()), line(s.ID, 40), line(s.Name, maxLine), s.remark())
			t.detail("", s.because())
		}
		t.detail("likely cause: ", c.Hint)
		t.detail("alone: ", c.Specs[0].Reproduce)
	}
	if more := len(all) - maxTrouble; more > 0 {
		fmt.Fprintf(t, "and %d more: the report has them all\n", more)
	}
}

func (t *textReport) detail(label, text string) {
	if text != "" {
		fmt.Fprintf(t, "    %s%s\n", label, line(text, 4*maxLine))
	}
}

// maxTrouble specs that did not pass are told in texts that must stay short.
const maxTrouble = 20

// remark says why a spec does not enter the verdict, "" where it does.
func (s *Spec) remark() string {
	var all []string
	switch {
	case !s.Judged:
		all = append(all, "not judged: it brings its own chain")
	case s.Level != Core:
		all = append(all, "beyond the core")
	}
	if s.waived() {
		text := "accepted"
		if s.Waiver.Expires != "" {
			text += " until " + s.Waiver.Expires
		}
		all = append(all, line(text+": "+s.Waiver.Reason, maxLine))
	}
	if all == nil {
		return ""
	}
	return " (" + strings.Join(all, "; ") + ")"
}

func (t *textReport) untested() {
	all := t.report.untested()
	if all == nil {
		return
	}
	t.heading("not tested")
	for _, u := range all {
		fmt.Fprintf(t, "  %s, %s: %s\n", line(named(u.marked(), maxNamed), maxLine), u.Outcome.words(), line(u.Reason, maxLine))
	}
}

func (t *textReport) mutants() {
	m := t.report.Mutation
	if m == nil {
		return
	}
	t.heading("mutants: " + m.String())
	for _, x := range m.sorted() {
		if x.alive() {
			fmt.Fprintf(t, "%s %s  %s: %s\n", t.paint(red, x.Word()), line(x.ID, 40), line(x.Name, maxLine), line(x.why(), maxLine))
		}
	}
}

func (t *textReport) loose() {
	if ends := t.report.looseEnds(); ends != nil {
		t.heading("loose ends")
		for _, end := range ends {
			fmt.Fprintf(t, "  %s\n", line(end, 2*maxLine))
		}
	}
}

func (t *textReport) verdict() {
	r := t.report
	fmt.Fprintf(t, "\n%s\n", t.paint(verdictColors[r.Verdict.Word], line(r.Headline(), maxLine)))
	for _, reason := range r.Verdict.Reasons {
		if reason != r.Headline() {
			fmt.Fprintf(t, "  %s\n", line(reason, maxLine))
		}
	}
	fmt.Fprintf(t, "again: %s\n", line(r.Run.Reproduce, 4*maxLine))
}

// The colours of a terminal.
const (
	red    = "1;31"
	yellow = "1;33"
	green  = "1;32"
)

var verdictColors = map[string]string{Go: green, NoGo: red, Hold: yellow, DidNotRun: yellow}

func (t *textReport) outcome(o Outcome) string {
	if o == Fail {
		return t.paint(red, "FAIL")
	}
	return t.paint(yellow, "?   ")
}

func (t *textReport) paint(how, text string) string {
	if !t.color || how == "" {
		return text
	}
	return "\x1b[" + how + "m" + text + "\x1b[0m"
}

// grid aligns lines of cells, indented by two.
func (t *textReport) grid(lines [][]string) {
	w := tabwriter.NewWriter(t, 0, 0, 2, ' ', 0)
	for _, cells := range lines {
		fmt.Fprintf(w, "  %s\n", strings.Join(cells, "\t"))
	}
	_ = w.Flush() // into memory
}
