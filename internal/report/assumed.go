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
		now, then := count(one.now).Counts(), count(one.then).Counts()
		fmt.Fprintf(table, "%s%s\t%s\t%s\t%s\t%s\t%s\n", indent, clean(named(one.file)), clean(cmp.Or(one.facts, "-")),
			now, then, beyond(one.then, one.now), beyond(one.now, one.then))
	}
	_ = table.Flush() // into memory
	t.WriteString("\n")
}

// beyond are the rules that find something in a, or for a node pool, that they do not find in b.
func beyond(a, b []*lint.Finding) string {
	var only []string
	for _, f := range a {
		id := f.Rule.ID
		switch pools, held := f.NodePools, heldFor(f, b); {
		case !held.anywhere:
		case held.everywhere || pools != nil && !slices.ContainsFunc(pools, func(p string) bool { return !slices.Contains(held.pools, p) }):
			continue
		case pools == nil:
			id += " (everywhere)"
		default:
			more := slices.DeleteFunc(slices.Clone(pools), func(p string) bool { return slices.Contains(held.pools, p) })
			id += " (" + strings.Join(more, ", ") + ")"
		}
		if !slices.Contains(only, id) {
			only = append(only, id)
		}
	}
	slices.Sort(only)
	return cmp.Or(strings.Join(only, ", "), "-")
}

// held is where a rule finds something at one place.
type held struct {
	anywhere, everywhere bool
	pools                []string
}

func heldFor(f *lint.Finding, among []*lint.Finding) held {
	var h held
	for _, other := range among {
		if other.Rule == f.Rule && other.Path == f.Path && other.Pointer == f.Pointer {
			h.anywhere = true
			h.everywhere = h.everywhere || other.NodePools == nil
			h.pools = append(h.pools, other.NodePools...)
		}
	}
	return h
}
