// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
)

// JSON is the comparison for programs.
func (c *Comparison) JSON() ([]byte, error) {
	full := *c
	full.Warnings, full.Environment, full.Drift = list(c.Warnings), list(c.Environment), list(c.Drift)
	full.Regressions, full.Fixed, full.Still = list(c.Regressions), list(c.Fixed), list(c.Still)
	full.New, full.Removed = list(c.New), list(c.Removed)
	full.Verdict.Reasons = list(c.Verdict.Reasons)
	return marshal(full)
}

// Text is the comparison for a terminal. Colour says nothing that words do not say.
func (c *Comparison) Text(color bool) []byte {
	t := &textReport{color: color}
	t.grid([][]string{{"before", c.Before.String()}, {"after", c.After.String()}})
	for _, w := range c.Warnings {
		fmt.Fprintf(t, "\n%s %s\n", t.paint(yellow, "ATTENTION:"), line(w, 2*maxLine))
	}
	if c.Empty() {
		fmt.Fprint(t, "\nnothing changed\n")
	}
	for _, part := range c.parts() {
		if part.changes == nil {
			continue
		}
		t.heading(part.name)
		for _, same := range together(part.changes, func(x Change) string { return x.Hint }) {
			for _, x := range same {
				fmt.Fprintf(t, "  %s  %s%s\n", line(x.Spec+" "+x.Name, maxLine), x.outcomes(), x.remark())
				t.detail("", x.Reason)
			}
			t.detail("likely cause: ", same[0].Hint)
		}
	}
	if c.Drift != nil {
		t.heading("drift, though the specs pass in both")
		for _, d := range c.Drift {
			fmt.Fprintf(t, "  %s\n", line(d.String()+d.remark(), 2*maxLine))
		}
	}
	if c.Environment != nil {
		t.heading("the world around")
		lines := [][]string{{"", "before", "after"}}
		for _, d := range c.Environment {
			lines = append(lines, []string{line(d.What, 60), line(or(d.Before, "-"), 60), line(or(d.After, "-"), 60)})
		}
		t.grid(lines)
	}
	fmt.Fprintf(t, "\n%s\n", t.paint(verdictColors[c.Verdict.Word], c.Verdict.Word))
	for _, reason := range c.Verdict.Reasons {
		fmt.Fprintf(t, "  %s\n", reason)
	}
	return []byte(t.String())
}

// String says which run it was.
func (s Side) String() string {
	return line(fmt.Sprintf("%s  %s, %s, %s", s.Target, s.Environment, s.Start.UTC().Format("2006-01-02 15:04 UTC"), or(s.Verdict, "no verdict")), maxLine)
}

// outcomes are those before and after.
func (c Change) outcomes() string {
	return fmt.Sprintf("%s, then %s", or(c.Before.words(), "not there"), or(c.After.words(), "not there"))
}

// remark says why a change does not enter the verdict, "" where it does.
func (c Change) remark() string {
	switch {
	case !c.Judged:
		return " (not judged)"
	case c.Level != Core:
		return " (beyond the core)"
	case c.Accepted:
		return " (accepted)"
	}
	return ""
}

func (d Drift) remark() string { return Change{Level: d.Level, Judged: d.Judged}.remark() }

// Markdown is the comparison as a comment on a pull request.
func (c *Comparison) Markdown() []byte {
	m := &markdown{}
	fmt.Fprintf(m, "## %s %s: %s → %s\n\n", verdictSigns[c.Verdict.Word], c.Verdict.Word, prose(c.Before.Target), prose(c.After.Target))
	for _, reason := range c.Verdict.Reasons {
		fmt.Fprintf(m, "- %s\n", prose(reason))
	}
	fmt.Fprintf(m, "\nBefore: %s<br>After: %s\n", prose(c.Before.String()), prose(c.After.String()))
	for _, w := range c.Warnings {
		fmt.Fprintf(m, "\n**ATTENTION: %s**\n", prose(w))
	}
	if c.Empty() {
		fmt.Fprint(m, "\nNothing changed.\n")
	}
	for _, part := range c.parts() {
		m.changes(part)
	}
	m.drift(c.Drift)
	m.environment(c.Environment)
	return []byte(m.String())
}

func (m *markdown) changes(p part) {
	if p.changes == nil {
		return
	}
	fmt.Fprintf(m, "\n### %s\n\n", strings.ToUpper(p.name[:1])+p.name[1:])
	for _, same := range together(p.changes[:min(len(p.changes), maxTrouble)], func(x Change) string { return x.Hint }) {
		for _, x := range same {
			fmt.Fprintf(m, "- **%s** %s: %s%s", prose(x.Spec), prose(x.Name), x.outcomes(), x.remark())
			if x.Reason != "" {
				fmt.Fprintf(m, "<br>%s", prose(x.Reason))
			}
			if x.Hint != "" && len(same) == 1 {
				fmt.Fprintf(m, "<br>Likely cause: %s", prose(x.Hint))
			}
			fmt.Fprint(m, "\n")
		}
		if len(same) > 1 && same[0].Hint != "" {
			fmt.Fprintf(m, "\n  Likely cause of these %d: %s\n\n", len(same), prose(same[0].Hint))
		}
	}
	if more := len(p.changes) - maxTrouble; more > 0 {
		fmt.Fprintf(m, "- and %d more\n", more)
	}
}

// maxDrift lines are shown in a comment.
const maxDrift = 50

func (m *markdown) drift(all []Drift) {
	if all == nil {
		return
	}
	fmt.Fprint(m, "\n### Drift, though the specs pass in both\n\n")
	var rows [][]string
	for _, d := range all[:min(len(all), maxDrift)] {
		rows = append(rows, []string{prose(or(d.Spec, "chain")), prose(d.Where + d.remark()), prose(d.What), code(d.Before), code(d.After)})
	}
	m.table([]string{"spec", "where", "what", "before", "after"}, rows)
	if more := len(all) - maxDrift; more > 0 {
		fmt.Fprintf(m, "\nAnd %d more.\n", more)
	}
}

func (m *markdown) environment(all []Difference) {
	if all == nil {
		return
	}
	m.folded("The world around", func() {
		var rows [][]string
		for _, d := range all {
			rows = append(rows, []string{prose(d.What), code(d.Before), code(d.After)})
		}
		m.table([]string{"what", "before", "after"}, rows)
	})
}
