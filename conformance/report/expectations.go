// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/chainlint/chainlint/internal/nearest"
)

// Expectations are outcomes that somebody accepts for a while: a YAML list with an entry for each.
//
//   - id: HP-006            # or a pattern: UDP-*
//     status: fail          # fail, inconclusive or skipped
//     reason: localhost needs plugins v1.9.1, which come with the next node image
//     link: https://issues.example.com/4711
//     expires: 2027-01-31   # the last day on which it holds; left out, it holds for ever
//
// The specs still run. An entry that no longer holds is an error, so that the list does not grow stale.
type Expectations struct {
	file    string
	entries []expectation
}

type expectation struct {
	id, reason, link, expires string
	status                    Outcome
	line                      int
}

// Apply marks the judged specs of a report whose outcome is accepted on the day of now, and notes in the report
// which entries no longer hold: a spec that passes makes its entry stale, an expired entry accepts nothing, and
// so does one that matches no judged spec. Nil expectations accept nothing. What was marked before is forgotten.
func (e *Expectations) Apply(r *Report, now time.Time) {
	r.Expectations = nil
	for i := range r.Specs {
		r.Specs[i].Waiver = nil
	}
	if e == nil {
		return
	}
	today := now.Format(time.DateOnly)
	for _, x := range e.entries {
		x.accept(r, today)
	}
	for _, x := range e.entries {
		if wrong := x.wrong(r, today); wrong != "" {
			r.Expectations = append(r.Expectations, fmt.Sprintf("%s:%d: %s", e.file, x.line, wrong))
		}
	}
}

// matching are the judged specs that an entry is about.
func (x expectation) matching(r *Report) []*Spec {
	pattern := glob(x.id)
	return r.where(func(s *Spec) bool { return s.Judged && pattern.MatchString(s.ID) })
}

func (x expectation) expired(today string) bool { return x.expires != "" && today > x.expires }

// accept marks what the entry accepts.
func (x expectation) accept(r *Report, today string) {
	for _, s := range x.matching(r) {
		if s.Result() == x.status && s.Waiver == nil && !x.expired(today) {
			s.Waiver = &Waiver{Reason: x.reason, Link: x.link, Expires: x.expires}
		}
	}
}

// wrong says why an entry no longer holds, "" where it does.
func (x expectation) wrong(r *Report, today string) string {
	specs := x.matching(r)
	if len(specs) == 0 {
		return x.matchesNothing(r)
	}
	if x.expired(today) {
		return fmt.Sprintf("%s expired on %s, so its outcome counts again: repair it, or extend the entry with a reason", x.id, x.expires)
	}
	var passed, others []string
	for _, s := range specs {
		switch result := s.Result(); {
		case result == Pass:
			passed = append(passed, s.ID)
		case s.Waiver == nil && result != NotApplicable && s.decides():
			others = append(others, s.ID+" "+string(result))
		}
	}
	switch {
	case passed != nil:
		return fmt.Sprintf("%s, so the entry %s is stale: delete it", passes(passed), x.id)
	case others != nil:
		return fmt.Sprintf("the entry %s accepts %s, and not %s", x.id, x.status, named(others, maxNamed))
	}
	return ""
}

func passes(ids []string) string {
	if len(ids) == 1 {
		return ids[0] + " passes"
	}
	return named(ids, maxNamed) + " pass"
}

func (x expectation) matchesNothing(r *Report) string {
	var known []string
	for i := range r.Specs {
		s := &r.Specs[i]
		if s.Judged {
			known = append(known, s.ID)
		} else if s.ID == x.id {
			return fmt.Sprintf("%s is not judged in this run, so there is nothing to accept: delete the entry", x.id)
		}
	}
	text := fmt.Sprintf("%s matches no spec of this run: delete or correct the entry", x.id)
	if best := nearest.To(x.id, known); best != "" {
		text += "; did you mean " + best + "?"
	}
	return text
}

// glob is a pattern in which * stands for any text.
func glob(pattern string) *regexp.Regexp {
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$")
}
