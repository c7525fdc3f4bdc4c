// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"regexp"
	"strings"
)

// Markdown is the report as a comment on a pull request.
func Markdown(r *Report) []byte {
	m := &markdown{report: r}
	m.verdict()
	m.facts()
	m.reachability()
	m.readings()
	m.trouble()
	m.untested()
	m.mutants()
	m.loose()
	fmt.Fprintf(m, "\nAgain: %s\n", code(r.Run.Reproduce))
	return []byte(m.String())
}

type markdown struct {
	strings.Builder
	report *Report
}

// prose escapes what Markdown, HTML and GitHub give a meaning, and keeps a text one line. Nobody is notified by
// a name behind an @, and no issue by a number behind a #.
func prose(text string) string {
	text = escapes.Replace(line(text, 2*maxLine))
	text = reference.ReplaceAllString(text, "$1&#8203;$2")
	return opener.ReplaceAllString(text, `$1\$2$3`)
}

var (
	escapes = strings.NewReplacer(
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`,
		"<", "&lt;", ">", "&gt;", "&", "&amp;",
	)
	reference = regexp.MustCompile(`([@#])(\w)`)
	// opener is what begins a list, a heading or a rule.
	opener = regexp.MustCompile(`^(\d*)([-+=#.)]+)( |$)`)
)

// code is a text that nothing in it is read in, also in the cell of a table.
func code(text string) string {
	text = line(text, 4*maxLine)
	if text == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 || strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + strings.ReplaceAll(text, "|", `\|`) + fence
}

var verdictSigns = map[string]string{Go: "✅", NoGo: "❌", Hold: "⚠️", DidNotRun: "⚪"}

func (m *markdown) verdict() {
	r := m.report
	fmt.Fprintf(m, "## %s %s: %s\n\n", verdictSigns[r.Verdict.Word], prose(r.Headline()), prose(r.Target.Name))
	for _, reason := range r.Verdict.Reasons {
		if reason != r.Headline() {
			fmt.Fprintf(m, "- %s\n", prose(reason))
		}
	}
	fmt.Fprintf(m, "\n%s, %s", prose(r.inPassing()), prose(or(r.Run.Tool, "unknown version")))
	if r.Run.StandIn != "" {
		fmt.Fprintf(m, ". **Stand-in for Terway**: %s", prose(r.Run.StandIn))
	}
	for _, e := range r.Run.Emulated {
		fmt.Fprintf(m, ". **Emulated**: %s", prose(e))
	}
	fmt.Fprint(m, ".\n")
	if r.Target.Intents != nil {
		fmt.Fprintf(m, "\nWhat must hold%s:\n\n", r.Target.inferred())
	}
	for _, intent := range r.Target.Intents {
		fmt.Fprintf(m, "- %s\n", prose(intent))
	}
}

// folded is a part that readers open.
func (m *markdown) folded(summary string, body func()) {
	fmt.Fprintf(m, "\n<details><summary>%s</summary>\n\n", summary)
	body()
	fmt.Fprint(m, "\n</details>\n")
}

func (m *markdown) facts() {
	if m.report.Facts == nil {
		return
	}
	m.folded("Facts", func() {
		rows := [][]string{}
		for _, f := range m.report.Facts {
			rows = append(rows, []string{code(f.Name), code(f.Value), prose(f.Source)})
		}
		m.table([]string{"fact", "value", "source"}, rows)
	})
}

func (m *markdown) table(head []string, rows [][]string) {
	fmt.Fprintf(m, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, row := range rows {
		fmt.Fprintf(m, "| %s |\n", strings.Join(row, " | "))
	}
}

func (m *markdown) reachability() {
	grid, without := m.report.reachability().probed()
	if grid.Rows == nil {
		return
	}
	fmt.Fprint(m, "\n### Host ports, and as whom the pod sees the client\n\n")
	var rows [][]string
	for _, row := range grid.Rows {
		cells := []string{prose(row.Name())}
		for _, c := range row.Cells {
			cells = append(cells, c.markdown())
		}
		rows = append(rows, cells)
	}
	head := []string{"from"}
	for _, column := range grid.Columns {
		head = append(head, prose(column))
	}
	m.table(head, rows)
	if without != nil {
		fmt.Fprintf(m, "\nNot probed: %s.\n", strings.Join(without, ", "))
	}
}

func (c cell) markdown() string {
	if c.State == "" {
		return "–"
	}
	text := c.State.Sign() + " " + prose(c.Got())
	if want := c.Expected(); want != "" {
		text += ", expected " + prose(want)
	}
	if c.Source() != "" || c.Class() != "" {
		text += "<br>" + strings.TrimSpace(code(c.Source())+" "+prose(c.Class()))
	}
	if want := c.WantClass(); want != "" {
		text += ", expected " + prose(want)
	}
	if some := c.Some(); some != "" {
		text += " (" + some + ")"
	}
	return text
}

func (m *markdown) readings() {
	link, others := m.report.readings()
	if link != nil {
		fmt.Fprint(m, "\n### Link-local addresses in the pod\n\n")
		m.readingTable(link)
	}
	if others != nil {
		m.folded(summary(others), func() { m.readingTable(others[:min(len(others), maxDrift)]) })
	}
}

func (m *markdown) readingTable(all []reading) {
	var rows [][]string
	for _, r := range all {
		want := ""
		if r.Expected != nil {
			want = code(strings.Join(r.Expected, "; "))
		}
		rows = append(rows, []string{prose(r.Name()), r.State.Sign() + " " + code(line(strings.Join(r.Got, "; "), maxLine)), want})
	}
	m.table([]string{"read", "found", "expected instead"}, rows)
}

func (m *markdown) trouble() {
	all := m.report.trouble()
	if all == nil {
		return
	}
	fmt.Fprint(m, "\n### What did not pass\n")
	for _, c := range causesOf(all[:min(len(all), maxTrouble)]) {
		fmt.Fprint(m, "\n")
		if c.Hint != "" {
			fmt.Fprintf(m, "Likely cause: **%s**\n\n", prose(c.Hint))
		}
		for _, s := range c.Specs {
			m.spec(s)
		}
	}
	if more := len(all) - maxTrouble; more > 0 {
		fmt.Fprintf(m, "\nAnd %d more: see %s.\n", more, HTMLFile)
	}
}

func (m *markdown) spec(s *Spec) {
	fmt.Fprintf(m, "- %s **%s** %s<br>%s", sign(s.Result()), prose(s.ID), prose(s.Name+s.remark()), s.Result().words())
	if why := s.because(); why != "" {
		fmt.Fprintf(m, ": %s", prose(why))
	}
	if s.Reproduce != "" {
		fmt.Fprintf(m, "<br>%s", code(s.Reproduce))
	}
	fmt.Fprint(m, "\n")
}

func (m *markdown) untested() {
	all := m.report.untested()
	if all == nil {
		return
	}
	m.folded("Not tested", func() {
		for _, u := range all {
			fmt.Fprintf(m, "- %s, %s: %s\n", prose(named(u.marked(), 3*maxNamed)), u.Outcome.words(), prose(u.Reason))
		}
	})
}

func (m *markdown) mutants() {
	if m.report.Mutation == nil {
		return
	}
	fmt.Fprintf(m, "\n### Mutants: %s\n", m.report.Mutation)
	for _, x := range m.report.Mutation.sorted() {
		if x.alive() {
			fmt.Fprintf(m, "\n- **%s %s** %s: %s\n", prose(x.ID), x.Word(), prose(x.Name), prose(x.why()))
		}
	}
}

func (m *markdown) loose() {
	if ends := m.report.looseEnds(); ends != nil {
		fmt.Fprint(m, "\n### Loose ends\n\n")
		for _, end := range ends[:min(len(ends), maxTrouble)] {
			fmt.Fprintf(m, "- %s\n", prose(end))
		}
	}
}
