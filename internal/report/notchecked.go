// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"

	"github.com/chainlint/chainlint/pkg/lint"
)

// unjudged are the chains that the same rules could not judge for want of the same facts.
type unjudged struct {
	files, facts []string
	missing      []lint.Missing
}

// fold joins chains that lack the same, in the order of the results.
func (r *Report) fold() []*unjudged {
	var all []*unjudged
	known := map[string]*unjudged{}
	for _, result := range r.Results {
		if len(result.NotChecked) == 0 {
			continue
		}
		key := fmt.Sprint(result.NotChecked)
		if known[key] == nil {
			known[key] = &unjudged{missing: result.NotChecked}
			all = append(all, known[key])
		}
		u := known[key]
		u.files = append(u.files, named(result.Chain.File))
		u.facts = append(u.facts, r.Facts[result.Chain])
	}
	return all
}

// byFacts turns the rules round: which facts are missing, and for what.
func (u *unjudged) byFacts() []lint.Missing {
	var all []lint.Missing // Rule holds the facts, Needs the rules
	at := map[string]int{}
	for _, m := range u.missing {
		facts := strings.Join(m.Needs, ", ")
		if _, ok := at[facts]; !ok {
			at[facts] = len(all)
			all = append(all, lint.Missing{Rule: facts})
		}
		i := at[facts]
		all[i].Needs = append(all[i].Needs, m.Rule)
	}
	return all
}

// howToFacts is said once, where facts are missing and nobody wrote any.
const howToFacts = "facts are taken from a ClusterFacts beside the chain: kubectl get ds,cm,nodes -A -o yaml | chainlint facts - > facts.yaml"

func (t *textWriter) notChecked() {
	none := false
	all := t.report.fold()
	for _, u := range all {
		facts := "facts: " + u.facts[0]
		if u.facts[0] == "" {
			facts, none = "no facts", true
		}
		fmt.Fprintf(t, "not checked in %s (%s):\n", clean(some(u.files, 1)), clean(facts))
		for _, m := range u.byFacts() {
			fmt.Fprintf(t, "%swithout %s: %s\n", indent, m.Rule, some(m.Needs, 4))
		}
	}
	if none {
		fmt.Fprintf(t, "%s%s\n", indent, howToFacts)
	}
	if len(all) > 0 {
		t.WriteString("\n")
	}
}

// some names the first of many: a, b and 7 more.
func some(names []string, most int) string {
	if len(names) <= most+1 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
