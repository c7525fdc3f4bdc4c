// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
)

// The words of a verdict; each has its exit code.
const (
	Go        = "GO"
	NoGo      = "NO-GO"
	Hold      = "HOLD"
	DidNotRun = "NOT-RUN"
)

var exits = map[string]int{Go: 0, NoGo: 1, DidNotRun: 3, Hold: 4}

// Bounds of what a verdict says: lines, specs in one line, letters of one line.
const (
	maxReasons = 8
	maxNamed   = 4
	maxLine    = 320
)

func verdict(word string, reasons []string) Verdict {
	for i := range reasons {
		reasons[i] = line(reasons[i], maxLine)
	}
	if len(reasons) > maxReasons {
		reasons = append(reasons[:maxReasons:maxReasons], fmt.Sprintf("and %d more", len(reasons)-maxReasons))
	}
	return Verdict{Word: word, Exit: exits[word], Reasons: reasons}
}

// NotRun is the verdict of a run that did not come about.
func NotRun(reason string) Verdict { return verdict(DidNotRun, []string{reason}) }

// Judge says what a run means. A judged core spec that fails is NO-GO. Everything that leaves the core
// undecided, or the suite in doubt, is HOLD: so is a run in which no judged core spec passed. Specs that are not
// judged never enter; those that are not applicable do not hinder; accepted ones count as waivers.
func Judge(r *Report) Verdict {
	failed := r.reasons(Fail)
	held := r.doubts()
	switch {
	case failed != nil:
		return verdict(NoGo, append(failed, held...))
	case held != nil:
		return verdict(Hold, held)
	}
	return verdict(Go, r.grounds())
}

// doubts are the reasons to hold, the worst first.
func (r *Report) doubts() []string {
	var all []string
	if len(r.where(func(s *Spec) bool { return s.decides() && s.Result() == Pass })) == 0 {
		all = append(all, "no core spec passed: a run that proved nothing is no GO")
	}
	all = append(all, r.reasons(Inconclusive)...)
	all = append(all, r.reasons(Skipped)...)
	all = append(all, r.Mutation.doubts()...)
	for _, entry := range r.Expectations {
		all = append(all, "expectations: "+entry)
	}
	for _, left := range r.Cleanup {
		all = append(all, "clean-up is incomplete: "+left)
	}
	if r.Run.Mode != Enforce {
		all = append(all, modeDoubt(r.Run.Mode))
	}
	return all
}

// reasons are those of core specs with that result that nobody accepts; specs with one cause share a line.
func (r *Report) reasons(result Outcome) []string {
	specs := r.where(func(s *Spec) bool { return s.decides() && s.Result() == result && !s.waived() })
	one, many := verbs(result)
	return causeLines(specs, one, many)
}

// causeLines say of specs what became of them, a line for each cause.
func causeLines(specs []*Spec, one, many string) []string {
	var all []string
	for _, c := range causesOf(specs) {
		verb := one
		if len(c.Specs) > 1 {
			verb = many
		}
		all = append(all, named(ids(c.Specs), maxNamed)+" "+verb+c.text())
	}
	return all
}

func verbs(o Outcome) (one, many string) {
	switch o {
	case Fail:
		return "fails", "fail"
	case Inconclusive:
		return "is inconclusive", "are inconclusive"
	}
	return "was skipped", "were skipped"
}

func ids(specs []*Spec) []string {
	var all []string
	for _, s := range specs {
		all = append(all, s.ID)
	}
	return all
}

// doubts about the suite: mutants that it did not notice for the expected reason.
func (m *Mutation) doubts() []string {
	if m == nil {
		return nil
	}
	var all []string
	for _, mutant := range m.Mutants {
		if mutant.alive() {
			all = append(all, fmt.Sprintf("mutant %s (%s) %s: %s", mutant.ID, mutant.Name, mutant.verb(), mutant.why()))
		}
	}
	if _, made := m.score(); made == 0 {
		all = append(all, "mutants were asked for, and none could be made here")
	}
	return all
}

// grounds are what a GO rests on; waivers come first, for they are the part that is not proven.
func (r *Report) grounds() []string {
	all := r.waiverLines()
	all = append(all, "core: "+counts(r.where((*Spec).decides)))
	if ext := r.where(func(s *Spec) bool { return s.Judged && s.Level != Core }); ext != nil {
		all = append(all, "beyond the core: "+counts(ext))
	}
	if r.Mutation != nil {
		all = append(all, "mutants: "+r.Mutation.String())
	}
	return all
}

func (r *Report) waiverLines() []string {
	var all []string
	for _, s := range r.waivers() {
		one, _ := verbs(s.Result())
		until := ""
		if s.Waiver.Expires != "" {
			until = " until " + s.Waiver.Expires
		}
		all = append(all, fmt.Sprintf("%s %s, accepted%s: %s", s.ID, one, until, s.Waiver.Reason))
	}
	if all == nil {
		return nil
	}
	return append([]string{"GO with " + plural(len(all), "waiver", "waivers")}, all...)
}

// counts says how many have which result: 31 passed, 2 not applicable. Failures are named.
func counts(specs []*Spec) string {
	var parts []string
	for _, o := range outcomes {
		var of []*Spec
		for _, s := range specs {
			if s.Result() == o.Outcome {
				of = append(of, s)
			}
		}
		switch {
		case of == nil:
		case o.Outcome == Pass || o.Outcome == NotApplicable:
			parts = append(parts, fmt.Sprintf("%d %s", len(of), o.Many))
		default:
			parts = append(parts, fmt.Sprintf("%d %s (%s)", len(of), o.Many, named(ids(of), maxNamed)))
		}
	}
	return strings.Join(parts, ", ")
}

// outcomes in the order in which they are counted, with the word for a number of them and a sign that goes
// with the word, never without it.
var outcomes = []struct {
	Outcome Outcome
	Many    string
	Sign    string
}{
	{Pass, "passed", "✓"},
	{Fail, "failed", "✕"},
	{Inconclusive, "inconclusive", "?"},
	{NotApplicable, "not applicable", "–"},
	{Skipped, "skipped", "○"},
}

// Headline is the verdict in a few words: GO with 2 waivers.
func (r *Report) Headline() string {
	if n := len(r.waivers()); n > 0 && r.Verdict.Word == Go {
		return Go + " with " + plural(n, "waiver", "waivers")
	}
	return or(r.Verdict.Word, "no verdict")
}

// or is the first text that is not empty.
func or(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func modeDoubt(mode string) string {
	if mode == Predict {
		return "mode predict tests the suite: it judges by the prediction, not by the intents"
	}
	return fmt.Sprintf("mode %q is not %s, so nobody judged by the intents", mode, Enforce)
}
