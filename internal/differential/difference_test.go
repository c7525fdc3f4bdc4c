// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/lint"
)

// verdict is what happens to a chain, and what the linter says of it.
type verdict struct {
	*sample
	observed, predicted outcome
}

func (v verdict) differs() bool { return v.observed.impact != v.predicted.impact }

// compare judges a chain; one that differs is cut down to what it takes to differ.
func compare(c *sample, r *release, dir string) (verdict, error) {
	v, err := judge(c, r, dir)
	if err == nil && v.differs() {
		v, err = shrink(v, r, dir)
	}
	return v, err
}

func judge(c *sample, r *release, dir string) (verdict, error) {
	observed, err := c.observe(r.dir, dir)
	if err != nil {
		return verdict{}, err
	}
	predicted, err := c.predict(r.installed)
	return verdict{c, observed, predicted}, err
}

// maxShrinks bounds how often a chain is tried again with less in it.
const maxShrinks = 60

// shrink leaves out what can be left out without another difference.
func shrink(v verdict, r *release, dir string) (verdict, error) {
	tries := 0
	for again := true; again; {
		again = false
		list, err := conflist.Parse(v.list)
		if err != nil {
			return v, nil // no JSON: nothing to cut
		}
		for _, shorter := range cuts(list) {
			if tries++; tries > maxShrinks {
				return v, nil
			}
			c := *v.sample
			c.list = shorter
			smaller, err := judge(&c, r, dir)
			if err != nil {
				return v, err
			}
			if smaller.observed.impact == v.observed.impact && smaller.predicted.impact == v.predicted.impact {
				v, again = smaller, true
				break
			}
		}
	}
	return v, nil
}

// cuts are the texts of a tree with one member or element less, the bigger parts first.
func cuts(root *conflist.Node) []string {
	var texts []string
	var visit func(n *conflist.Node)
	visit = func(n *conflist.Node) {
		elements, members := n.Elements, n.Members
		for i := range elements {
			n.Elements = slices.Delete(slices.Clone(elements), i, i+1)
			texts = append(texts, print(root))
			n.Elements = elements
		}
		for i := range members {
			n.Members = slices.Delete(slices.Clone(members), i, i+1)
			texts = append(texts, print(root))
			n.Members = members
		}
		for _, e := range elements {
			visit(e)
		}
		for _, m := range members {
			visit(m.Value)
		}
	}
	visit(root)
	slices.SortStableFunc(texts, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	return texts
}

// volatile is what differs from run to run, or from release to release.
var volatile = regexp.MustCompile(`[0-9a-f]{6,}|\d+|"[^"]*"`)

var ruleNames = regexp.MustCompile(`(?m)^ *([a-z0-9-]+ \([a-z-]+\))`)

// cause is what verdicts that have the same one have in common.
func (v verdict) cause() string {
	why := volatile.ReplaceAllString(v.observed.why, "_")
	return fmt.Sprintf("%s %s %s %.90s", v.observed.impact, v.predicted.impact, ruleNames.FindAllString(v.predicted.why, -1), why)
}

// report fails the test for every cause of a difference, with its shortest example.
func report(t *testing.T, all []verdict) {
	t.Helper()
	byCause, seen := map[string][]verdict{}, map[lint.Impact]int{}
	for _, v := range all {
		seen[v.observed.impact]++
		if v.differs() {
			byCause[v.cause()] = append(byCause[v.cause()], v)
		}
	}
	t.Logf("%d chains: %v", len(all), seen)
	for _, impact := range append(worstFirst, starts) {
		if seen[impact] == 0 {
			t.Errorf("no chain ends as %q: the chains prove nothing about it", impact)
		}
	}
	for _, cause := range slices.Sorted(maps.Keys(byCause)) {
		same := byCause[cause]
		v := slices.MinFunc(same, func(a, b verdict) int { return cmp.Compare(len(a.list), len(b.list)) })
		t.Errorf("%d times: what happens is %q, the linter says %q\n  %s\n  happens: %s\n  linter: %s",
			len(same), v.observed.impact, v.predicted.impact, v, v.observed.why, cmp.Or(v.predicted.why, "nothing"))
	}
}
