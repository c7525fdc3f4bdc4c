// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/chainlint/chainlint/pkg/lint"
)

// row is one chain now and under the assumption; waived findings are left out.
type row struct {
	file, facts string
	now, then   []*lint.Finding
}

func (r *Report) rows() []row {
	var all []row
	for _, then := range r.Results {
		one := row{file: then.Chain.File, facts: r.Facts[then.Chain], then: counting(then.Findings)}
		if now := r.Assumed.Now[then.Chain]; now != nil {
			one.now = counting(now.Findings)
		}
		all = append(all, one)
	}
	return all
}

// assumed sets now against then, a row a chain.
func (t *textWriter) assumed() {
	if t.report.Assumed == nil {
		return
	}
	fmt.Fprintf(t, "assumed: %s\n", clean(strings.Join(t.report.Assumed.Facts, ", ")))
	table := tabwriter.NewWriter(t, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%schain\tfacts\tnow\tthen\tappears\tgoes\n", indent)
	for _, one := range t.report.rows() {
		now, then := count(one.now).counts(), count(one.then).counts()
		fmt.Fprintf(table, "%s%s\t%s\t%s\t%s\t%s\t%s\n", indent, clean(named(one.file)), clean(cmp.Or(one.facts, "-")),
			now, then, beyond(one.then, one.now), beyond(one.now, one.then))
	}
	_ = table.Flush() // into memory
	t.WriteString("\n")
}

// beyond are the rules that fire in a and not in b.
func beyond(a, b []*lint.Finding) string {
	var only []string
	for _, id := range rules(a) {
		if !slices.Contains(rules(b), id) {
			only = append(only, id)
		}
	}
	return cmp.Or(strings.Join(only, ", "), "-")
}

func rules(findings []*lint.Finding) []string {
	var all []string
	for _, f := range findings {
		all = append(all, f.Rule.ID)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
