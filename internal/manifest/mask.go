// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Masked is the text of a file with an asterisk for every character of the values that are hidden; lines and
// columns stay. hidden is asked with the keys that lead to a value from the innermost object around it, an
// entry of a list being its number. ok is false where that cannot be done exactly: then nothing may be shown.
func Masked(text []byte, hidden func(object Ref, path []string, value string) bool) (masked string, ok bool) {
	docs, err := Documents("", text)
	if err != nil {
		return "", false
	}
	var ranges []span
	for _, doc := range docs {
		m := masker{doc: doc, hidden: hidden, exact: true, left: maxNodes}
		m.value(doc.Node, Ref{}, nil)
		if !m.exact {
			return "", false
		}
		ranges = append(ranges, m.ranges...)
	}
	return stars(string(text), ranges), true
}

type masker struct {
	doc    *Object
	hidden func(Ref, []string, string) bool
	ranges []span
	exact  bool
	// left bounds what aliases may blow a document up to.
	left int
}

func (m *masker) value(n *yaml.Node, object Ref, path []string) {
	if m.left--; m.left < 0 {
		m.exact = false
		return
	}
	switch n.Kind {
	case yaml.AliasNode:
		m.value(n.Alias, object, path)
	case yaml.MappingNode:
		if Get(n, "kind") != nil {
			object, path = m.doc.Item(n).Ref(), nil
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if m.hidden(object, path, "") {
				m.value(n.Content[i], object, path) // the names of members are hidden with their values
			}
			m.value(n.Content[i+1], object, append(path[:len(path):len(path)], n.Content[i].Value))
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			m.value(c, object, append(path[:len(path):len(path)], strconv.Itoa(i)))
		}
	case yaml.ScalarNode:
		if n.Value != "" && m.hidden(object, path, n.Value) {
			m.hide(n)
		}
	}
}

func (m *masker) hide(n *yaml.Node) {
	src := m.doc.source
	spans, ok := mapScalar(src.text, src.offset(n.Line, n.Column), n)
	if !ok || len(spans) == 0 {
		m.exact = false
		return
	}
	m.ranges = append(m.ranges, span{spans[0].start, spans[len(spans)-1].end})
}

// stars takes the place of every character in the ranges but of those that make lines.
func stars(text string, ranges []span) string {
	slices.SortFunc(ranges, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	var b strings.Builder
	at := 0
	for _, r := range ranges {
		if r.start < at {
			continue // an alias led here a second time
		}
		b.WriteString(text[at:r.start])
		b.WriteString(strings.Map(func(r rune) rune {
			if r == '\n' || r == '\r' {
				return r
			}
			return '*'
		}, text[r.start:r.end]))
		at = r.end
	}
	b.WriteString(text[at:])
	return b.String()
}
