// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/chainlint/chainlint/pkg/lint"
)

// textFormat is for people: findings with pictures by file, what was not checked, and a summary.
func textFormat(r *Report, o Options) ([]byte, error) {
	open := counting(r.Findings)
	t := &textWriter{report: r, pictures: newPictures(r), color: o.Color, brief: len(open) > maxPicturedInfos}
	for _, g := range byFile(open) {
		for _, f := range g.findings {
			t.finding(f)
		}
		t.WriteString("\n")
	}
	t.notChecked()
	t.assumed()
	fmt.Fprintln(t, r.Summary())
	if len(open) > 0 {
		worst := slices.MinFunc(open, func(a, b *lint.Finding) int { return a.Severity.Rank() - b.Severity.Rank() })
		fmt.Fprintf(t, "more about a rule: chainlint explain %s\n", worst.Rule.ID)
	}
	return t.Bytes(), nil
}

type textWriter struct {
	bytes.Buffer
	report *Report
	// pictures of the findings.
	pictures *pictures
	color    bool
	// brief: infos get no picture.
	brief bool
}

// maxPicturedInfos: among more findings than this, pictures of infos would hide the errors.
const maxPicturedInfos = 10

// indent of what belongs to the line above: as wide as the line numbers of a picture.
const indent = "      "

func (t *textWriter) finding(f *lint.Finding) {
	line := clean(strings.TrimSuffix(f.Text(), "\n"))
	where, rest, _ := strings.Cut(line, ": "+string(f.Severity)+": ")
	fmt.Fprintf(t, "%s: %s: %s\n", t.paint(bold, where), t.paint(colors[f.Severity], string(f.Severity)), rest)
	t.picture(f)
	for _, cause := range f.Cause {
		fmt.Fprintf(t, "%sbecause of: %s\n", indent, clean(cause))
	}
	if f.Fix != nil && f.Fix.Safe {
		fmt.Fprintf(t, "%schainlint lint --fix repairs this\n", indent)
	}
}

func (t *textWriter) picture(f *lint.Finding) {
	if t.brief && f.Severity == lint.Info {
		return
	}
	picture := t.pictures.of(f)
	if code, carets, ok := strings.Cut(picture, "\n"); ok {
		gutter, marks, _ := strings.Cut(strings.TrimSuffix(carets, "\n"), "^")
		fmt.Fprintf(t, "%s\n%s%s\n", code, gutter, t.paint(colors[f.Severity], "^"+marks))
	}
}

// What a terminal is told.
const (
	bold  = "1"
	plain = "\x1b[0m"
)

var colors = map[lint.Severity]string{lint.Error: "1;31", lint.Warning: "1;33", lint.Info: "1;36"}

func (t *textWriter) paint(how, s string) string {
	if !t.color {
		return s
	}
	return "\x1b[" + how + "m" + s + plain
}

// clean keeps a line one line, and a terminal in its state, whatever names and values hold.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// String is the last line of the text: 2 errors, 1 warning in 3 chains (5 files); 1 waived.
func (s Summary) String() string {
	text := s.Counts() + " in " + plural(s.Chains, "chain") + " (" + plural(s.Files, "file") + ")"
	if s.Waived > 0 {
		text += fmt.Sprintf("; %d waived", s.Waived)
	}
	return text
}

// Counts names what there is: 2 errors, 1 warning; or no findings.
func (s Summary) Counts() string {
	var parts []string
	for _, c := range []struct {
		n    int
		what string
	}{{s.Errors, "error"}, {s.Warnings, "warning"}, {s.Infos, "info"}} {
		if c.n > 0 {
			parts = append(parts, plural(c.n, c.what))
		}
	}
	if parts == nil {
		return "no findings"
	}
	return strings.Join(parts, ", ")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
