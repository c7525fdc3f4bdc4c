// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/xml"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// TestTextHostile: a terminal stays in its state, and every line is one of ours.
func TestTextHostile(t *testing.T) {
	r := hostile(t)
	for _, text := range [][]byte{Text(r, false), Compare(r, fixture(t, "go")).Text(false), Compare(fixture(t, "go"), r).Text(false)} {
		for _, c := range string(text) {
			if c != '\n' && unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) {
				t.Errorf("%q in %s", c, text)
			}
		}
	}
}

// TestMarkdownHostile: no HTML but ours, no link, nobody notified, no cell more than the head has.
func TestMarkdownHostile(t *testing.T) {
	r := hostile(t)
	tags := regexp.MustCompile(`</?([a-zA-Z]+)`)
	for _, text := range [][]byte{Markdown(r), Compare(r, fixture(t, "go")).Markdown()} {
		columns := 0
		for _, line := range strings.Split(string(text), "\n") {
			bare := withoutCode(strings.NewReplacer("\\`", "", "&#8203;", " ").Replace(line))
			for _, tag := range tags.FindAllStringSubmatch(bare, -1) {
				if tag[1] != "br" && tag[1] != "details" && tag[1] != "summary" {
					t.Errorf("a tag: %s", line)
				}
			}
			if regexp.MustCompile(`[^\\]\]\(|@\w|#\d`).MatchString(bare) {
				t.Errorf("a link, a mention or a reference: %s", line)
			}
			now := strings.Count(line, "|") - strings.Count(line, `\|`)
			switch {
			case !strings.HasPrefix(line, "|"):
				columns = 0
			case columns == 0:
				columns = now
			case now != columns:
				t.Errorf("%d cells, the head has %d: %s", now-1, columns-1, line)
			}
		}
	}
}

// withoutCode removes code spans: a fence of backticks up to the next that is as long.
func withoutCode(line string) string {
	fences := regexp.MustCompile("`+")
	var out strings.Builder
	for {
		open := fences.FindStringIndex(line)
		if open == nil {
			return out.String() + line
		}
		out.WriteString(line[:open[0]])
		fence := line[open[0]:open[1]]
		line = line[open[1]:]
		for _, end := range fences.FindAllStringIndex(line, -1) {
			if line[end[0]:end[1]] == fence {
				line = line[end[1]:]
				break
			}
		}
	}
}

// TestCode: whatever a text holds, it stays inside its span.
func TestCode(t *testing.T) {
	for text, want := range map[string]string{
		"plain": "`plain`", "a`b": "`` a`b ``", "``": "``` `` ```", "a|b": "`a\\|b`", "": "", "a\nb": "`a b`", "`": "`` ` ``",
	} {
		if got := code(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestProse(t *testing.T) {
	for text, want := range map[string]string{
		"a_b*c": `a\_b\*c`, "<b>&": "&lt;b&gt;&amp;", "@team": "@&#8203;team", "x#12": "x#&#8203;12", "# x": `\# x`, "1. x": `1\. x`, "- x": `\- x`, "v1.2": "v1.2", "--x": "--x", "---": `\---`, "10.0.0.1": "10.0.0.1",
	} {
		if got := prose(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestMarkdownFits: a comment on GitHub has 65536 letters at most.
func TestMarkdownFits(t *testing.T) {
	r := fixture(t, "no-go")
	for range 500 {
		s := core("HP-999", Fail)
		s.Reason, s.Hint = strings.Repeat("reason ", 300), ""
		r.Specs = append(r.Specs, s)
	}
	if n := len(Markdown(r)); n > 65536 {
		t.Errorf("%d letters", n)
	}
}

// TestJUnitCounts: the numbers are those of the cases, and the file is red exactly where the verdict is.
func TestJUnitCounts(t *testing.T) {
	all := map[string]*Report{"hostile": hostile(t), "empty": {Run: Run{Mode: Enforce}, Verdict: NotRun("no root")}}
	for _, name := range fixtures {
		all[name] = fixture(t, name)
	}
	for _, change := range []func(*Report){
		func(r *Report) { r.Cleanup = []string{"x"} },
		func(r *Report) { r.Run.Mode = Predict },
		func(r *Report) { r.Specs[0].Outcome = Skipped },
		func(r *Report) {
			r.Specs[0].Outcome, r.Specs[0].Waiver = Fail, &Waiver{Reason: "known"}
		},
	} {
		r := fixture(t, "go")
		change(r)
		r.Verdict = Judge(r)
		all[strings.Join(r.Verdict.Reasons, ";")] = r
	}
	for name, r := range all {
		var got junitSuites
		if err := xml.Unmarshal(must(JUnit(r))(t), &got); err != nil {
			t.Fatal(name, err)
		}
		cases, failed, errors := 0, 0, 0
		for _, s := range got.Suites {
			skipped := 0
			for _, c := range s.Cases {
				cases++
				failed, errors, skipped = failed+count(c.Failure != nil), errors+count(c.Error != nil), skipped+count(c.Skipped != nil)
			}
			if s.Tests != len(s.Cases) || s.Skipped != skipped {
				t.Errorf("%s: %s: %d tests, %d skipped", name, s.Name, s.Tests, s.Skipped)
			}
		}
		if got.Tests != cases || got.Failed != failed || got.Errors != errors || cases == 0 {
			t.Errorf("%s: %d tests, %d failures, %d errors; cases: %d, %d, %d", name, got.Tests, got.Failed, got.Errors, cases, failed, errors)
		}
		if red := failed+errors > 0; red != (r.Verdict.Word != Go) && name != "hostile" {
			t.Errorf("%s: %s, and the file is red: %v", name, r.Verdict.Word, red)
		}
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}
