// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// At is the place of the value behind a JSON pointer, or of the nearest value around it that exists.
// With key set it is the place of the last member's key instead.
func (o *Object) At(pointer string, key bool) Position {
	return o.position(o.nearest(pointer, key))
}

// nearest is the value behind a pointer, or the one around it that exists; with key set, the name of the last member.
func (o *Object) nearest(pointer string, key bool) *yaml.Node {
	n, at := o.Node, o.Node
	for _, token := range Tokens(pointer) {
		k, v := child(Follow(n), token)
		if v == nil {
			break
		}
		n, at = v, v
		if key && k != nil {
			at = k
		}
	}
	return at
}

func (o *Object) position(n *yaml.Node) Position {
	if o.source == nil {
		return Position{File: o.File}
	}
	if len(o.source.lines) == len(o.source.yamlLines) {
		return Position{File: o.File, Line: n.Line, Column: n.Column}
	}
	return o.source.position(o.File, o.source.offset(n.Line, n.Column))
}

// Positioned tells whether the object knows lines and columns.
func (o *Object) Positioned() bool { return o.source != nil }

// Inside is the place of the bytes [start, end) of a scalar's decoded value: where the first one stands,
// and the position behind the last one. In a scalar that cannot be mapped both are those of the scalar.
func (o *Object) Inside(pointer string, start, end int) (from, to Position) {
	n := Find(o.Node, pointer)
	if n == nil {
		from = o.At(pointer, false)
		return from, from
	}
	from = o.position(n)
	if o.source == nil || n.Kind != yaml.ScalarNode || start < 0 || start > end || end > len(n.Value) {
		return from, from
	}
	spans, ok := mapScalar(o.source.text, o.source.offset(n.Line, n.Column), n)
	if !ok || len(spans) == 0 {
		return from, from
	}
	first := spans[min(start, len(spans)-1)].start
	last := spans[max(0, min(end, len(spans))-1)].end
	return o.source.position(o.File, first), o.source.position(o.File, max(first, last))
}

// Token is the first place of a key or a value and the position behind it, for plain and quoted scalars;
// for everything else both are where it begins.
func (o *Object) Token(pointer string, key bool) (from, to Position) {
	at := o.nearest(pointer, key)
	from = o.position(at)
	if o.source == nil || at.Kind != yaml.ScalarNode {
		return from, from
	}
	start := o.source.offset(at.Line, at.Column)
	return from, o.source.position(o.File, scalarEnd(o.source.text, start, at))
}

// Range is the half-open range of bytes of a node in the source: exact for plain and quoted scalars; of
// everything else it reaches to the end of the last scalar inside.
func (o *Object) Range(n *yaml.Node) (start, end int) {
	start = o.source.offset(n.Line, n.Column)
	end = start
	if n.Kind == yaml.ScalarNode {
		return start, max(start, scalarEnd(o.source.text, start, n))
	}
	for _, c := range n.Content {
		_, e := o.Range(c)
		end = max(end, e)
	}
	return start, end
}

// scalarEnd is the byte behind a scalar: its closing quote, or the last byte of its value.
func scalarEnd(source string, start int, n *yaml.Node) int {
	spans, ok := mapScalar(source, start, n)
	if !ok {
		return start
	}
	end := skipProperties(source, start)
	if len(spans) > 0 {
		end = spans[len(spans)-1].end
	}
	switch n.Style &^ yaml.TaggedStyle {
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		if len(spans) == 0 {
			end++
		}
		end++
	case yaml.LiteralStyle, yaml.FoldedStyle:
		return start
	}
	return min(end, len(source))
}

// KeyEnd is the position behind the key that begins at a position.
func (o *Object) KeyEnd(at Position) Position {
	if o.source == nil || at.Line < 1 || at.Line > len(o.source.lines) {
		return at
	}
	line, _, _ := strings.Cut(o.source.text[o.source.lines[at.Line-1]:], "\n")
	runes := []rune(line)
	if at.Column > len(runes) {
		return at
	}
	rest, end := string(runes[at.Column-1:]), 0
	if quote := rest[:1]; quote == `"` || quote == `'` {
		end = strings.Index(rest[1:], quote) + 2
	} else {
		end = strings.Index(rest, ":")
	}
	at.Column += utf8.RuneCountInString(rest[:max(0, end)])
	return at
}
