// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"cmp"
	"errors"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// verify reads both texts and compares all that is in them.
func verify(before, after string, splices []Splice) error {
	old, err := Documents("", []byte(before))
	if err != nil {
		return err
	}
	now, err := Documents("", []byte(after))
	if err != nil || len(old) != len(now) {
		return errInexact
	}
	c := comparison{wanted: wantedValues(splices)}
	shared := map[*yaml.Node]bool{}
	for i := range old {
		c.compare(old[i].Node, now[i].Node)
		anchored(old[i].Node, shared)
	}
	for n := range c.met {
		if shared[n] {
			return errors.New("the value is shared by an anchor, so a change would reach further")
		}
	}
	if c.differ || len(c.met) != len(c.wanted) {
		return errInexact
	}
	return nil
}

// comparison of two trees that may differ in the wanted values only.
type comparison struct {
	wanted map[string]string
	met    map[*yaml.Node]bool
	differ bool
}

func scalarKey(n *yaml.Node) string {
	return strconv.Itoa(n.Line) + ":" + strconv.Itoa(n.Column) + ":" + n.Value
}

// wantedValues are the values that the scalars are to have, by their place.
func wantedValues(splices []Splice) map[string]string {
	all := slices.Clone(splices)
	slices.SortFunc(all, func(a, b Splice) int { return cmp.Compare(b.Start, a.Start) })
	wanted := map[string]string{}
	for _, s := range all {
		n := Find(s.Object.Node, s.Pointer)
		value, ok := wanted[scalarKey(n)]
		if !ok {
			value = n.Value
		}
		wanted[scalarKey(n)] = value[:s.Start] + s.Text + value[s.End:]
	}
	return wanted
}

func (c *comparison) compare(a, b *yaml.Node) {
	value := a.Value
	if want, ok := c.wanted[scalarKey(a)]; ok && a.Kind == yaml.ScalarNode {
		if c.met == nil {
			c.met = map[*yaml.Node]bool{}
		}
		c.met[a], value = true, want
	}
	if a.Kind != b.Kind || a.Style != b.Style || a.Tag != b.Tag || a.Anchor != b.Anchor || value != b.Value || len(a.Content) != len(b.Content) ||
		a.HeadComment != b.HeadComment || a.LineComment != b.LineComment || a.FootComment != b.FootComment {
		c.differ = true
		return
	}
	for i := range a.Content {
		c.compare(a.Content[i], b.Content[i])
	}
}

// anchored collects what aliases stand for, each node once.
func anchored(n *yaml.Node, shared map[*yaml.Node]bool) {
	if n.Kind == yaml.AliasNode {
		everything(n.Alias, shared)
	}
	for _, c := range n.Content {
		anchored(c, shared)
	}
}

func everything(n *yaml.Node, into map[*yaml.Node]bool) {
	if into[n] {
		return
	}
	into[n] = true
	for _, c := range n.Content {
		everything(c, into)
	}
}

// Alone tells whether the lines of the values that splices change hold nothing else but their keys.
func Alone(splices []Splice) bool {
	for _, s := range splices {
		docs, err := Documents("", []byte(s.Object.source.text))
		n := Find(s.Object.Node, s.Pointer)
		if err != nil || n == nil {
			return false
		}
		first, last := s.Object.lines(n)
		for _, doc := range docs {
			if doc.crowds(doc.Node, n, first, last) {
				return false
			}
		}
	}
	return true
}

// lines are the first and the last line of a scalar, the line of its header included.
func (o *Object) lines(n *yaml.Node) (first, last int) {
	start := o.source.offset(n.Line, n.Column)
	spans, _ := mapScalar(o.source.text, start, n)
	first = o.source.position("", start).Line
	if len(spans) == 0 {
		return first, first
	}
	return first, o.source.position("", spans[len(spans)-1].start).Line
}

// crowds tells whether a scalar other than the one begins or ends on one of the lines. A key before the
// scalar on its own line does not count.
func (o *Object) crowds(n, one *yaml.Node, first, last int) bool {
	for i, c := range n.Content {
		isKey := n.Kind == yaml.MappingNode && i%2 == 0 && scalarKey(n.Content[i+1]) == scalarKey(one)
		if isKey || c.Kind == yaml.ScalarNode && scalarKey(c) == scalarKey(one) {
			continue
		}
		if c.Kind == yaml.ScalarNode {
			from, to := o.lines(c)
			if from <= last && from >= first || to <= last && to >= first {
				return true
			}
		}
		if o.crowds(c, one, first, last) {
			return true
		}
	}
	return false
}
