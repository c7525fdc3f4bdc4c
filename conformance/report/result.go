// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"unicode"
)

// Result is the outcome that counts. A pass on less evidence than the spec asks for, or on none, proves nothing
// and is inconclusive; so is an outcome that nobody knows.
func (s *Spec) Result() Outcome {
	switch s.Outcome {
	case Fail, Inconclusive, NotApplicable, Skipped:
		return s.Outcome
	case Pass:
		if s.Evidence >= max(1, s.Minimum) {
			return Pass
		}
	}
	return Inconclusive
}

// because is the reason of the result, in words.
func (s *Spec) because() string {
	switch {
	case s.Result() == s.Outcome:
		return s.Reason
	case s.Outcome == Pass:
		return fmt.Sprintf("it passed on %s where it takes %d, which proves nothing", plural(s.Evidence, "probe or reading", "probes and readings"), max(1, s.Minimum))
	}
	return fmt.Sprintf("nobody knows the outcome %q", s.Outcome)
}

// decides tells whether the spec enters the verdict.
func (s *Spec) decides() bool { return s.Judged && s.Level == Core }

// waived tells whether somebody accepts that the spec does not pass.
func (s *Spec) waived() bool {
	return s.Waiver != nil && s.Result() != Pass && s.Result() != NotApplicable
}

// waivers are the accepted outcomes that would have entered the verdict.
func (r *Report) waivers() []*Spec {
	return r.where(func(s *Spec) bool { return s.decides() && s.waived() })
}

// where are the specs for which keep holds, in their order.
func (r *Report) where(keep func(*Spec) bool) []*Spec {
	var all []*Spec
	for i := range r.Specs {
		if keep(&r.Specs[i]) {
			all = append(all, &r.Specs[i])
		}
	}
	return all
}

// score of the mutants: killed of those that could be made here.
func (m *Mutation) score() (killed, made int) {
	for _, mutant := range m.Mutants {
		switch {
		case mutant.alive():
			made++
		case mutant.Outcome == Pass:
			killed, made = killed+1, made+1
		}
	}
	return killed, made
}

func (m *Mutation) String() string {
	killed, made := m.score()
	return fmt.Sprintf("killed %d of %d, equivalent %d", killed, made, len(m.Equivalent))
}

// plural counts things: 1 spec, 2 specs.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// line makes one line of a text that came from a run and shortens it; terminals and readers are left in their
// state, whatever names and values hold.
func line(text string, limit int) string {
	text = strings.Join(strings.Fields(strings.Map(printable, text)), " ")
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}

func printable(r rune) rune {
	switch {
	case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
		return ' '
	}
	return r
}

// named lists a few of many: HP-001, HP-002 and 3 more.
func named(all []string, most int) string {
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}
