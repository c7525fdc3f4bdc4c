// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"slices"
)

// trouble are the specs that people must look at: failed or inconclusive, those that decide first, accepted ones
// and those that are not judged last.
func (r *Report) trouble() []*Spec {
	all := r.where(func(s *Spec) bool { return s.Result() == Fail || s.Result() == Inconclusive })
	slices.SortStableFunc(all, func(a, b *Spec) int { return cmp.Compare(a.gravity(), b.gravity()) })
	return all
}

func (s *Spec) gravity() int {
	n := 0
	for i, light := range []bool{s.Result() != Fail, s.Level != Core, s.waived(), !s.Judged} {
		if light {
			n |= 1 << i
		}
	}
	return n
}

// cause is why specs came out as they did, as far as that is known.
type cause struct {
	// Hint is the likely cause, "" where nobody knows one.
	Hint  string
	Specs []*Spec
}

// causesOf puts specs with one likely cause together, and those without one by their reasons.
func causesOf(specs []*Spec) []cause {
	var all []cause
	for _, same := range together(specs, func(s *Spec) string {
		if s.Hint == "" && s.because() != "" {
			return "reason " + s.because()
		}
		return s.Hint
	}) {
		all = append(all, cause{same[0].Hint, same})
	}
	return all
}

// together puts what has the same key together, in the order in which the keys come up; what has none stays alone.
func together[T any](all []T, key func(T) string) [][]T {
	var sets [][]T
	at := map[string]int{}
	for _, one := range all {
		k := key(one)
		i, ok := at[k]
		if !ok || k == "" {
			i = len(sets)
			at[k] = i
			sets = append(sets, nil)
		}
		sets[i] = append(sets[i], one)
	}
	return sets
}

// text continues a sentence about the specs: the reason where it is one, else the likely cause.
func (c cause) text() string {
	first := c.Specs[0]
	for _, s := range c.Specs {
		if s.because() != first.because() {
			return "; likely cause: " + c.Hint
		}
	}
	return ": " + or(first.because(), first.Name)
}

// deviations are the observations of a spec that were not as expected, at most most of them.
func (s *Spec) deviations(most int) []Observation {
	var all []Observation
	for _, o := range s.Observations {
		if st := stateOf(s, o); (st == unexpected || st == undecided) && len(all) < most {
			all = append(all, o)
		}
	}
	return all
}

// untested are specs that told nothing about the target, for one reason.
type untested struct {
	Outcome Outcome
	Reason  string
	Specs   []*Spec
}

// marked are the IDs, with a word for those whose outcome is accepted.
func (u untested) marked() []string {
	all := ids(u.Specs)
	for i, s := range u.Specs {
		if s.waived() {
			all[i] += " (accepted)"
		}
	}
	return all
}

// untested specs that enter the verdict, the skipped ones first.
func (r *Report) untested() []untested {
	var all []untested
	for _, o := range []Outcome{Skipped, NotApplicable} {
		specs := r.where(func(s *Spec) bool { return s.Judged && s.Result() == o })
		reason := func(s *Spec) string { return or(s.because(), "no reason was given") }
		for _, same := range together(specs, reason) {
			all = append(all, untested{o, reason(same[0]), same})
		}
	}
	return all
}

// slowest are the specs that took longest.
func (r *Report) slowest(n int) []*Spec {
	all := r.where(func(s *Spec) bool { return s.Seconds > 0 })
	slices.SortStableFunc(all, func(a, b *Spec) int { return cmp.Compare(b.Seconds, a.Seconds) })
	return all[:min(n, len(all))]
}

// looseEnds are what a run left behind, and accepted outcomes that no longer hold.
func (r *Report) looseEnds() []string {
	var all []string
	for _, left := range r.Cleanup {
		all = append(all, "not removed: "+left)
	}
	for _, entry := range r.Expectations {
		all = append(all, "expectations: "+entry)
	}
	return all
}

// group of specs about one matter.
type group struct {
	Name  string
	Specs []*Spec
}

// groups in the order in which they come up.
func (r *Report) groups() []group {
	var all []group
	for _, same := range together(r.where(func(*Spec) bool { return true }), func(s *Spec) string { return or(s.Group, "other") }) {
		all = append(all, group{or(same[0].Group, "other"), same})
	}
	return all
}

// Counts of the group in words.
func (g group) Counts() string { return counts(g.Specs) }

// mutants with the survivors first.
func (m *Mutation) sorted() []Mutant {
	if m == nil {
		return nil
	}
	rank := map[string]int{"survived": 0, "undecided": 1, "killed": 2, "not possible here": 3, "skipped": 3}
	all := slices.Clone(m.Mutants)
	slices.SortStableFunc(all, func(a, b Mutant) int { return cmp.Compare(rank[a.Word()], rank[b.Word()]) })
	return all
}

// alive tells whether the suite did not notice the mutant, or nobody knows whether it did.
func (m Mutant) alive() bool { return m.Word() == "survived" || m.Word() == "undecided" }

// why says in words what became of a mutant that is alive.
func (m Mutant) why() string {
	if m.Word() == "survived" {
		return or(m.Reason, "no spec noticed")
	}
	return or(m.Reason, "no reason was given")
}

// verb continues a sentence about a mutant that is alive.
func (m Mutant) verb() string {
	if m.Word() == "survived" {
		return "survived"
	}
	return "is undecided"
}

// Word for what became of a mutant.
func (m Mutant) Word() string {
	switch m.Outcome {
	case Pass:
		return "killed"
	case NotApplicable:
		return "not possible here"
	case Skipped:
		return "skipped"
	case Fail:
		return "survived"
	}
	return "undecided"
}

// Sign goes with the word.
func (m Mutant) Sign() string {
	return sign(m.Outcome)
}

func sign(o Outcome) string {
	for _, known := range outcomes {
		if known.Outcome == o {
			return known.Sign
		}
	}
	return "?"
}

// words of an outcome: not applicable.
func (o Outcome) words() string {
	if o == NotApplicable {
		return "not applicable"
	}
	return string(o)
}
