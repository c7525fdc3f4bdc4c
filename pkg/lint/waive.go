// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/nearest"
)

// Waiver says that somebody accepts what a rule finds, and why.
type Waiver struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
	// Until is the last day on which it holds (2027-01-31), "" for ever.
	Until string `json:"until,omitempty"`
	// Paths are patterns of the files that it holds for, nil for all.
	Paths []string `json:"paths,omitempty"`

	// Where it is written; matches tells whether it holds for a chain.
	at      Span
	place   Place
	file    string
	object  manifest.Ref
	matches func(*Chain) bool
	used    bool
}

// Written says where the waiver stands and which chains it holds for.
func (w *Waiver) Written(file string, at Span, matches func(file string) bool) {
	w.file, w.at, w.place = file, at, Place{Start: -1}
	w.matches = func(c *Chain) bool { return matches == nil || matches(c.File) }
}

// Configured says in which object of a stream the waiver stands, and at which path; see [Waiver.Written].
func (w *Waiver) Configured(in *manifest.Object, path string, matches func(file string) bool) {
	w.Written(in.File, Span{}, matches)
	w.object, w.place = in.Ref(), objectPlace(path, false)
}

// annotationWaivers are those on the ConfigMap itself: chainlint.dev/waive.RULE: "reason; until=2027-01-31".
func annotationWaivers(c *Chain) []*Waiver {
	if c.Object == nil {
		return nil
	}
	annotations := manifest.Get(c.Object.Node, "metadata", "annotations")
	var all []*Waiver
	for i := 0; annotations != nil && i+1 < len(annotations.Content); i += 2 {
		key := annotations.Content[i].Value
		rule, ok := strings.CutPrefix(key, waivePrefix)
		if !ok {
			continue
		}
		w := &Waiver{Rule: rule, object: c.Ref(), file: c.File, matches: func(o *Chain) bool { return o == c }}
		w.Reason, w.Until = splitWaiver(manifest.Text(annotations.Content[i+1]))
		w.place = objectPlace("/metadata/annotations/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(key), true)
		w.at = c.locate(w.place)
		all = append(all, w)
	}
	return all
}

// splitWaiver cuts "reason; until=DATE".
func splitWaiver(text string) (reason, until string) {
	reason = strings.TrimSpace(text)
	if before, after, ok := strings.Cut(reason, "until="); ok {
		reason, until = strings.TrimRight(strings.TrimSpace(before), "; "), strings.TrimSpace(strings.TrimRight(after, "; "))
	}
	return reason, until
}

// Waive applies the waivers of the chains' annotations and of the configuration to the results. asOf is today
// (2027-01-31), "" where there is no clock. The findings about waivers are those that are returned.
func Waive(results []*Result, configured []*Waiver, asOf string) []*Finding {
	waivers := slices.Clone(configured)
	for _, r := range results {
		waivers = append(waivers, annotationWaivers(r.Chain)...)
	}
	var about []*Finding
	for _, w := range waivers {
		about = append(about, w.judge(results, asOf)...)
	}
	sortFindings(about)
	return about
}

// judge applies one waiver and says what is wrong with it.
func (w *Waiver) judge(results []*Result, asOf string) []*Finding {
	rule := Find(w.Rule)
	switch {
	case rule == nil:
		return []*Finding{w.finding(&waiverUnknown, Silent, "there is no rule %q, so this waives nothing: %s", w.Rule, ruleHint(w.Rule))}
	case rule.about():
		return []*Finding{w.finding(&waiverUnknown, Silent, "%s is about waivers and cannot be waived: repair the waiver", w.Rule)}
	case w.Reason == "":
		return []*Finding{w.finding(&waiverWithoutReason, Silent, "the waiver of %s gives no reason, so it does not count: write why, for example \"accepted by the network team; until=2027-01-31\"", w.Rule)}
	}
	var about []*Finding
	if w.Until != "" {
		_, err := time.Parse(time.DateOnly, w.Until)
		switch {
		case err != nil:
			return []*Finding{w.finding(&waiverExpired, Silent, "until=%s is no date, so the waiver of %s does not count: write until=YYYY-MM-DD", w.Until, w.Rule)}
		case asOf == "":
			about = append(about, w.finding(&waiverExpired, Hygiene, "whether the waiver of %s has expired (until=%s) was not evaluated: a function has no clock, set spec.asOf", w.Rule, w.Until))
		case asOf > w.Until:
			return []*Finding{w.finding(&waiverExpired, Silent, "the waiver of %s expired on %s, so its findings count again: repair them, or extend it with a reason", w.Rule, w.Until)}
		}
	}
	for _, r := range results {
		for _, f := range r.Findings {
			if f.Rule == rule && w.matches(r.Chain) {
				f.Waiver, w.used = w, true
			}
		}
	}
	if !w.used {
		about = append(about, w.finding(&waiverUnused, Silent, "the waiver of %s waives nothing: delete it", w.Rule))
	}
	return about
}

func (w *Waiver) finding(rule *Rule, impact Impact, format string, args ...any) *Finding {
	return &Finding{
		Rule: rule, Impact: impact, Severity: SeverityOf(impact, false), Message: fmt.Sprintf(format, args...),
		Object: w.object, Place: w.place, File: w.file, Span: w.at,
	}
}

// about tells whether the rule is about waivers.
func (r *Rule) about() bool { return strings.HasPrefix(r.ID, "waiver-") }

// ruleHint names the rule that was probably meant, and not all of them.
func ruleHint(word string) string {
	if best := nearest.To(word, ids()); best != "" {
		return "did you mean " + best + "?"
	}
	return "`chainlint rules` lists them"
}

func ids() []string {
	var all []string
	for _, r := range Rules() {
		all = append(all, r.ID)
	}
	return all
}
