// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// ComparisonVersion of the JSON form of a comparison; fields may be added within it.
const ComparisonVersion = "chainlint.dev/conformance-comparison/v1"

// Comparison is what changed between two runs. Specs are paired by their IDs, probes and readings by spec,
// phase, vantage point, family, protocol and kind of target: addresses and ports may differ.
type Comparison struct {
	APIVersion string  `json:"apiVersion"`
	Before     Side    `json:"before"`
	After      Side    `json:"after"`
	Verdict    Verdict `json:"verdict"`
	// Warnings say why the two may not be comparable.
	Warnings []string `json:"warnings"`
	// Regressions passed before and do not now; Fixed the other way round.
	Regressions []Change `json:"regressions"`
	Fixed       []Change `json:"fixed"`
	// Drift is what is another although the spec passes in both runs; without a spec it is the chain's.
	Drift []Drift `json:"drift"`
	// New specs came to a result only now, Removed ones only before: skipped and not applicable is no result.
	New     []Change `json:"new"`
	Removed []Change `json:"removed"`
	// Environment is the world around, for context.
	Environment []Difference `json:"environment"`
	// Still are specs that passed in neither run. That is no change.
	Still []Change `json:"still"`
}

// Side is one of the two runs.
type Side struct {
	Target      string    `json:"target"`
	Environment string    `json:"environment"`
	Start       time.Time `json:"start"`
	Verdict     string    `json:"verdict"`
}

// Change of a spec's outcome.
type Change struct {
	Spec   string `json:"spec"`
	Name   string `json:"name"`
	Level  string `json:"level"`
	Judged bool   `json:"judged"`
	// Before and After are the outcomes, "" where the spec was not there.
	Before Outcome `json:"before,omitempty"`
	After  Outcome `json:"after,omitempty"`
	// Reason and Hint are those of the run after where it did not pass, else of the one before.
	Reason string `json:"reason,omitempty"`
	Hint   string `json:"hint,omitempty"`
	// Accepted: the run after accepts the outcome.
	Accepted bool `json:"accepted,omitempty"`
}

// Difference of one thing, "" where it was not there.
type Difference struct {
	What   string `json:"what"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Drift is a difference that no spec fails for.
type Drift struct {
	// Spec that saw it, "" for the chain as a whole. Where is the probe or the reading.
	Spec   string `json:"spec,omitempty"`
	Where  string `json:"where,omitempty"`
	Level  string `json:"level"`
	Judged bool   `json:"judged"`
	Difference
}

// Compare two runs of what should be the same.
func Compare(before, after *Report) *Comparison {
	c := &Comparison{
		APIVersion: ComparisonVersion, Before: sideOf(before), After: sideOf(after), Warnings: warnings(before, after),
		Environment: differences(world(before), world(after)),
	}
	c.chain(before, after)
	was, is := index(before), index(after)
	for _, id := range slices.Sorted(maps.Keys(union(was, is))) {
		c.spec(id, was[id], is[id])
	}
	c.Verdict = c.judge(before, after)
	return c
}

// Empty tells whether nothing changed, the world around included.
func (c *Comparison) Empty() bool {
	return len(c.Warnings)+len(c.Regressions)+len(c.Fixed)+len(c.Drift)+len(c.New)+len(c.Removed)+len(c.Environment) == 0
}

func sideOf(r *Report) Side {
	return Side{Target: r.Target.Name, Environment: r.Run.Environment, Start: r.Run.Start, Verdict: r.Verdict.Word}
}

// chain notes what is another about the chain itself.
func (c *Comparison) chain(before, after *Report) {
	for _, d := range differences(
		map[string][]string{"chain hash": {before.Target.hash()}, "backend": {before.Target.Backend}},
		map[string][]string{"chain hash": {after.Target.hash()}, "backend": {after.Target.Backend}},
	) {
		c.Drift = append(c.Drift, Drift{Level: Core, Judged: true, Difference: d})
	}
}

// warnings say loudly what makes two runs hard to compare.
func warnings(before, after *Report) []string {
	var all []string
	for _, d := range []Difference{
		{"intents", without(before.Target.Intents, after.Target.Intents), without(after.Target.Intents, before.Target.Intents)},
		{"environments", before.Run.Environment, after.Run.Environment},
		{"modes", before.Run.Mode, after.Run.Mode},
	} {
		if d.Before != d.After {
			all = append(all, fmt.Sprintf("the two runs have different %s, so they do not prove the same: only before: %s; only after: %s", d.What, or(d.Before, "none"), or(d.After, "none")))
		}
	}
	return all
}

// without are the values of a that b has not.
func without(a, b []string) string {
	return set(slices.DeleteFunc(slices.Clone(a), func(v string) bool { return slices.Contains(b, v) }))
}

// world is what is around the chain, by name.
func world(r *Report) map[string][]string {
	all := map[string][]string{
		"chainlint-conformance": {r.Run.Tool}, "stand-in for Terway": {r.Run.StandIn}, "emulated": r.Run.Emulated,
	}
	for _, f := range r.Facts {
		all["fact "+f.Name] = append(all["fact "+f.Name], f.Value)
	}
	return all
}

// differences of sets of values by name, sorted by name.
func differences(before, after map[string][]string) []Difference {
	var all []Difference
	for _, what := range slices.Sorted(maps.Keys(union(before, after))) {
		if d := (Difference{what, set(before[what]), set(after[what])}); d.Before != d.After {
			all = append(all, d)
		}
	}
	return all
}

// set is a set of values as a text, in no order but their own.
func set(values []string) string {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	return strings.Join(slices.DeleteFunc(values, func(v string) bool { return v == "" }), ", ")
}

func union[T any](a, b map[string]T) map[string]T {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// spec notes what became of one; either side may be nil.
func (c *Comparison) spec(id string, was, is *indexed) {
	change := changeOf(id, was, is)
	switch before, after := was.ran(), is.ran(); {
	case !before && !after:
	case !before:
		c.New = append(c.New, change)
	case !after:
		c.Removed = append(c.Removed, change)
	case was.result == Pass && is.result == Pass:
		c.drift(change, was, is)
	case was.result == Pass:
		c.Regressions = append(c.Regressions, change)
	case is.result == Pass:
		c.Fixed = append(c.Fixed, change)
	default:
		c.Still = append(c.Still, change)
	}
}

// probes is what a drift is of where only one of the runs made some.
const probes = "probes"

// drift of probes and readings of a spec that passes in both runs.
func (c *Comparison) drift(change Change, was, is *indexed) {
	add := func(where string, d Difference) {
		if d.Before != d.After {
			c.Drift = append(c.Drift, Drift{change.Spec, where, change.Level, change.Judged, d})
		}
	}
	for _, where := range slices.Sorted(maps.Keys(was.seen)) {
		if before, after := was.seen[where], is.seen[where]; after.got != nil {
			add(where, Difference{"got", set(before.got), set(after.got)})
			add(where, Difference{"source class", set(before.class), set(after.class)})
		}
	}
	add("", Difference{probes, only(was.seen, is.seen), only(is.seen, was.seen)})
}

// only are the keys that the first has and the second has not, a few of many.
func only[T any](a, b map[string]T) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if _, ok := b[key]; !ok {
			all = append(all, "("+key+")")
		}
	}
	return named(all, maxNamed)
}

func changeOf(id string, was, is *indexed) Change {
	change := Change{Spec: id, Level: Ext}
	for _, side := range []*indexed{was, is} {
		if side == nil {
			continue
		}
		change.Name = side.name
		change.Judged = change.Judged || side.judged
		if side.level == Core {
			change.Level = Core
		}
		if side.result != Pass {
			change.Reason, change.Hint = side.reason, side.hint
		}
	}
	if was != nil {
		change.Before = was.result
	}
	if is != nil {
		change.After, change.Accepted = is.result, is.accepted
	}
	return change
}

// decides tells whether the change enters the verdict.
func (c Change) decides() bool { return c.Judged && c.Level == Core && !c.Accepted }
