// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
)

// judge gives the verdict on a change: NO-GO where a core spec became worse, or the run after is NO-GO by itself;
// HOLD where something in the core drifted or is no longer tested, and where the two cannot be compared.
func (c *Comparison) judge(before, after *Report) Verdict {
	for _, side := range []struct {
		name string
		*Report
	}{{"before", before}, {"after", after}} {
		if side.Verdict.Word == DidNotRun {
			return NotRun(fmt.Sprintf("the run %s did not come about: %s", side.name, or(strings.Join(side.Verdict.Reasons, "; "), "no reason was given")))
		}
	}
	own := Judge(after)
	failed, held := c.regressed(), c.doubts(before, after)
	switch {
	case own.Word == NoGo && failed == nil:
		failed = append(failed, "the run after is NO-GO by itself: "+own.Reasons[0])
	case own.Word == Hold:
		held = append(held, "the run after is HOLD by itself: "+own.Reasons[0])
	}
	switch {
	case failed != nil:
		return verdict(NoGo, append(failed, held...))
	case held != nil:
		return verdict(Hold, held)
	}
	return verdict(Go, c.grounds(before, after))
}

// regressed are the core specs that became worse, the failed ones first.
func (c *Comparison) regressed() []string {
	var all []string
	for _, result := range []Outcome{Fail, Inconclusive} {
		var specs []*Spec
		for _, change := range c.Regressions {
			if change.decides() && change.After == result {
				specs = append(specs, &Spec{ID: change.Spec, Name: change.Name, Outcome: result, Reason: change.Reason, Hint: change.Hint})
			}
		}
		one, many := verbs(result)
		all = append(all, causeLines(specs, "passed before and "+one+" now", "passed before and "+many+" now")...)
	}
	return all
}

func (c *Comparison) doubts(before, after *Report) []string {
	all := c.Warnings[:len(c.Warnings):len(c.Warnings)]
	if len(c.both(before, after)) == 0 {
		all = append(all, "no core spec passed in both runs, so nothing was compared")
	}
	for _, change := range c.Removed {
		if change.decides() {
			all = append(all, fmt.Sprintf("%s came to a result before and is %s now: %s", change.Spec, or(change.After.words(), "not there"), or(change.Reason, change.Name)))
		}
	}
	for _, d := range c.Drift {
		if d.Judged && d.Level == Core {
			all = append(all, "drift: "+d.String())
		}
	}
	return all
}

// both are the core specs that passed in both runs.
func (c *Comparison) both(before, after *Report) []*Spec {
	was := index(before)
	return after.where(func(s *Spec) bool {
		return s.decides() && s.Result() == Pass && was[s.ID] != nil && was[s.ID].result == Pass
	})
}

func (c *Comparison) grounds(before, after *Report) []string {
	all := []string{plural(len(c.both(before, after)), "core spec passed", "core specs passed") + " in both runs, and nothing in the core drifted"}
	for _, part := range c.parts() {
		if part.changes != nil {
			all = append(all, part.name+": "+named(changed(part.changes), maxNamed))
		}
	}
	for _, d := range c.Drift {
		all = append(all, "drift beyond the core: "+d.String())
	}
	if n := len(c.Environment); n > 0 {
		all = append(all, plural(n, "difference", "differences")+" in the world around")
	}
	return append(all, after.waiverLines()...)
}

// parts of a comparison that are lists of specs, in the order in which they are shown.
func (c *Comparison) parts() []part {
	return []part{
		{"regressions", c.Regressions}, {"fixed", c.Fixed}, {"removed", c.Removed}, {"new", c.New}, {"passed in neither run", c.Still},
	}
}

type part struct {
	name    string
	changes []Change
}

func changed(all []Change) []string {
	var names []string
	for _, c := range all {
		names = append(names, c.Spec)
	}
	return names
}

// String is the drift in one line.
func (d Drift) String() string {
	text := fmt.Sprintf("%s was %s and is %s", d.What, or(d.Before, "not there"), or(d.After, "not there"))
	if d.What == probes {
		text = "other probes and readings: before " + or(d.Before, "none") + "; after " + or(d.After, "none")
	}
	for _, place := range []string{d.Where, d.Spec} {
		if place != "" {
			text = place + ": " + text
		}
	}
	return text
}
