// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/chainlint/chainlint/pkg/terway"
)

// Result of linting one chain.
type Result struct {
	Chain    *Chain
	Findings []*Finding
	// NotChecked are the rules that had something to judge but lacked a fact.
	NotChecked []Missing
}

// othersPool is what findings call the nodes that belong to no named pool.
const othersPool = "(others)"

// run collects over all pools of one chain.
type run struct {
	chain *Chain
	// kubernetes is the cluster's version, "" where it is unknown.
	kubernetes string
	found      []*Finding
	byText     map[string]*Finding
	pools      map[*Finding][]string
	needs      map[string]map[string]bool
}

// Lint judges a chain by all rules, for every node pool of the facts.
func Lint(c *Chain, facts terway.Facts) *Result {
	r := &run{chain: c, kubernetes: facts.KubernetesVersion, byText: map[string]*Finding{}, pools: map[*Finding][]string{}, needs: map[string]map[string]bool{}}
	pools := facts.Pools()
	for _, pool := range pools {
		r.pool(newView(c, pool))
	}
	for _, f := range r.found {
		if held := r.pools[f]; len(held) < len(pools) {
			f.NodePools = held
		}
		f.Span, f.Value = c.locate(f.Place), c.within(f.Place)
		if !c.positioned() {
			f.Span = Span{}
		}
	}
	sortFindings(r.found)
	return &Result{Chain: c, Findings: r.found, NotChecked: r.missing()}
}

func (r *run) pool(v *view) {
	for _, rule := range Rules() {
		if rule.Check != nil {
			rule.Check(&Pass{view: v, rule: rule, run: r})
		}
	}
}

// add merges findings that differ by their pool only.
func (r *run) add(f *Finding, pool string) *Finding {
	pool = cmp.Or(pool, othersPool)
	text := fmt.Sprintf("%s %s %s %v %d %d %s", f.Rule.ID, f.Impact, f.Path+"#"+f.Pointer, f.OnKey, f.Start, f.End, f.Message)
	if known := r.byText[text]; known != nil {
		if !slices.Contains(r.pools[known], pool) {
			r.pools[known] = append(r.pools[known], pool)
		}
		return known
	}
	r.byText[text], r.pools[f] = f, []string{pool}
	r.found = append(r.found, f)
	return f
}

func (r *run) need(rule string, facts []string) {
	if r.needs[rule] == nil {
		r.needs[rule] = map[string]bool{}
	}
	for _, fact := range facts {
		r.needs[rule][fact] = true
	}
}

func (r *run) missing() []Missing {
	all := []Missing{}
	for _, rule := range slices.Sorted(maps.Keys(r.needs)) {
		all = append(all, Missing{rule, slices.Sorted(maps.Keys(r.needs[rule]))})
	}
	return all
}

// has tells whether a finding with that impact was reported for the pool.
func (r *run) has(impact Impact, pool string) bool {
	return slices.ContainsFunc(r.found, func(f *Finding) bool {
		return f.Impact == impact && slices.Contains(r.pools[f], cmp.Or(pool, othersPool))
	})
}
