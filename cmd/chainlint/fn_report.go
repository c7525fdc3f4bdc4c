// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/internal/krm"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/report"
	"github.com/chainlint/chainlint/pkg/lint"
)

// fnReport is what the linting function found.
type fnReport struct {
	spec    *fnLintSpec
	results []*lint.Result
	chains  int
	// about are findings about waivers.
	about []*lint.Finding
	// missing says that there was nothing to lint, nil where there was.
	missing *krm.Note
}

// answer is the report as results, as at most four lines, and as an exit code.
func (r *fnReport) answer(brief bool) krm.Answer {
	counting := r.counting()
	a := krm.Answer{Notes: r.notes()}
	if slices.ContainsFunc(counting, func(f *lint.Finding) bool { return f.Severity.Reaches(cmp.Or(r.spec.FailOn, failOns[0])) }) {
		a.Code = exitRefused
	}
	if r.missing != nil {
		a.Code = exitUsage
		a.Notes = append([]krm.Note{*r.missing}, a.Notes...)
		a.Lines = []string{r.missing.Message + " [" + r.missing.Rule + "]"}
	}
	if a.Code != exitOK || len(counting) > 0 && counting[0].Severity != lint.Info {
		a.Lines = cut(append(a.Lines, lines(counting)...), a.Code == exitOK || brief)
	}
	return a
}

// counting are the findings that nobody waived, worst first.
func (r *fnReport) counting() []*lint.Finding {
	all := slices.Clone(r.about)
	for _, result := range r.results {
		all = append(all, result.Findings...)
	}
	all = slices.DeleteFunc(all, (*lint.Finding).Waived)
	slices.SortStableFunc(all, func(a, b *lint.Finding) int {
		return cmp.Or(
			a.Severity.Rank()-b.Severity.Rank(), a.Impact.Rank()-b.Impact.Rank(),
		)
	})
	return all
}

// lines are for hosts that show only stderr: how much there is and the worst of it, then the others.
func lines(counting []*lint.Finding) []string {
	var all []string
	for _, f := range counting {
		all = append(all, place(f)+": "+message(f)+" ["+f.Rule.ID+"]")
	}
	if all != nil {
		all[0] = counts(counting) + all[0]
	}
	return all
}

// cut leaves three lines and says where the rest is; brief leaves just the first.
func cut(all []string, brief bool) []string {
	const shown = 3
	more := len(all) - shown
	switch {
	case brief:
		return all[:1]
	case more > 0:
		return append(all[:shown], fmt.Sprintf("and %d more: run `chainlint lint` for all", more))
	}
	return all
}

// counts is "2 errors, 1 warning, the worst: ", or just "1 error: ".
func counts(findings []*lint.Finding) string {
	text := (&report.Report{Findings: findings}).Summary().Counts()
	if len(findings) > 1 {
		text += ", the worst"
	}
	return text + ": "
}

// message names the pools, because hosts do not show tags.
func message(f *lint.Finding) string {
	if f.NodePools == nil {
		return f.Message
	}
	return "node pools " + strings.Join(f.NodePools, ", ") + ": " + f.Message
}

// place says where a finding is, as far as that is known behind a host: lines are those of the value.
func place(f *lint.Finding) string {
	var parts []string
	if f.File != "" {
		parts = append(parts, f.File)
	}
	switch {
	case f.Key == "":
		parts = append(parts, f.Object.String())
	case f.Value.From.Line > 0:
		parts = append(parts, fmt.Sprintf("%s, line %d, column %d", f.Key, f.Value.From.Line, f.Value.From.Column))
	default:
		parts = append(parts, f.Key)
	}
	if f.Pointer != "" {
		parts[len(parts)-1] += " (" + f.Pointer + ")"
	}
	return strings.Join(parts, ": ")
}

// notes are the results: all findings, also the waived ones, and what was not checked.
func (r *fnReport) notes() []krm.Note {
	var all []krm.Note
	for _, f := range r.about {
		all = append(all, r.note(f))
	}
	for _, result := range r.results {
		for _, f := range result.Findings {
			all = append(all, r.note(f))
		}
		if len(result.NotChecked) > 0 {
			all = append(all, r.notChecked(result))
		}
	}
	slices.SortStableFunc(all, func(a, b krm.Note) int {
		return cmp.Or(
			strings.Compare(a.File, b.File), cmp.Compare(a.Index, b.Index),
			cmp.Compare(slices.Index(failOns, a.Severity), slices.Index(failOns, b.Severity)),
			strings.Compare(a.Ref.String(), b.Ref.String()), strings.Compare(a.Pointer, b.Pointer),
		)
	})
	return all
}

func (r *fnReport) note(f *lint.Finding) krm.Note {
	n := krm.Note{
		Severity: string(f.Severity), Rule: f.Rule.ID, Message: message(f), Ref: f.Object, Pointer: f.Path,
		File: f.File, Index: r.index(f), Tags: tags(f),
	}
	if f.Waived() {
		n.Severity, n.Tags["waivedBy"] = krm.Info, r.waivedBy(f.Waiver)
	}
	return n
}

// tags say what the specification has no field for. Lines and columns count in the value of the field.
func tags(f *lint.Finding) map[string]string {
	t := map[string]string{"impact": string(f.Impact), "docs": f.Rule.Docs()}
	if f.Key != "" {
		t["pointer"] = f.Pointer
	}
	if f.Value.From.Line > 0 {
		t["line"], t["column"] = strconv.Itoa(f.Value.From.Line), strconv.Itoa(f.Value.From.Column)
		t["endLine"], t["endColumn"] = strconv.Itoa(f.Value.To.Line), strconv.Itoa(f.Value.To.Column)
	}
	if f.NodePools != nil {
		t["nodePools"] = strings.Join(f.NodePools, ",")
	}
	return t
}

// waivedBy says where the waiver stands, and why.
func (r *fnReport) waivedBy(w *lint.Waiver) string {
	by := "annotation"
	if slices.Contains(r.spec.Waivers, w) {
		by = r.spec.object.Ref().String()
	}
	by += ": " + w.Reason
	if w.Until != "" {
		by += "; until=" + w.Until
	}
	return by
}

// index of the object in its file.
func (r *fnReport) index(f *lint.Finding) int {
	objects := []*manifest.Object{r.spec.object}
	for _, result := range r.results {
		objects = append(objects, result.Chain.Object)
	}
	for _, o := range objects {
		if o.Ref() == f.Object && o.File == f.File {
			return krm.Index(o)
		}
	}
	return 0
}

// notChecked says which rules lacked a fact, folded by the facts.
func (r *fnReport) notChecked(result *lint.Result) krm.Note {
	var parts, rules, needs []string
	byNeeds := map[string][]string{}
	for _, m := range result.NotChecked {
		key := strings.Join(m.Needs, ", ")
		byNeeds[key] = append(byNeeds[key], m.Rule)
		rules, needs = append(rules, m.Rule), append(needs, m.Needs...)
	}
	for _, key := range slices.Sorted(maps.Keys(byNeeds)) {
		parts = append(parts, "without "+key+": "+strings.Join(byNeeds[key], ", "))
	}
	slices.Sort(needs)
	o := result.Chain.Object
	return krm.Note{
		Severity: krm.Info, Message: "not checked " + strings.Join(parts, "; "), Ref: o.Ref(), File: o.File, Index: krm.Index(o),
		Tags: map[string]string{"notChecked": strings.Join(rules, ","), "needs": strings.Join(slices.Compact(needs), ",")},
	}
}
