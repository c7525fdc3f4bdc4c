// SPDX-License-Identifier: Apache-2.0

package conflist

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
)

// Format writes a node as canonical text: two spaces a level, one member or element a line, no
// trailing blanks, the author's order, numbers as they were spelled, one final newline. It is a fixed
// point: formatting its parse changes nothing.
//
// Strings are escaped so that the text survives every YAML round trip as a literal block: yaml.v3
// gives the block up for one quoted line when it meets a character that it deems unprintable.
// The characters <, > and & stay as they are.
func Format(n *Node) string {
	var b strings.Builder
	format(&b, n, "\n")
	b.WriteByte('\n')
	return b.String()
}

func format(b *strings.Builder, n *Node, newline string) {
	switch n.Kind {
	case Object:
		block(b, newline, "{", "}", len(n.Members), func(i int, inner string) {
			b.WriteString(Quote(n.Members[i].Name()))
			b.WriteString(": ")
			format(b, n.Members[i].Value, inner)
		})
	case Array:
		block(b, newline, "[", "]", len(n.Elements), func(i int, inner string) {
			format(b, n.Elements[i], inner)
		})
	case String:
		b.WriteString(Quote(n.String()))
	default:
		b.WriteString(n.Text)
	}
}

func block(b *strings.Builder, newline, open, end string, count int, item func(i int, inner string)) {
	b.WriteString(open)
	inner := newline + "  "
	for i := range count {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(inner)
		item(i, inner)
	}
	if count > 0 {
		b.WriteString(newline)
	}
	b.WriteString(end)
}

// Quote returns s as a JSON string in the canonical form of [Format]. Half a surrogate pair and bytes
// that are no UTF-8 become U+FFFD, which is what every decoder in Go reads them as.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case shortEscape(r) != "":
			b.WriteString(shortEscape(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		case fragile(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func shortEscape(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	case '\b':
		return `\b`
	case '\f':
		return `\f`
	}
	return ""
}

// fragile tells which characters of the basic plane make a YAML emitter leave the literal style or
// break the line: control characters, the Unicode line ends, the byte order mark and non-characters.
func fragile(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r >= 0xfff0:
		return true
	case r >= 0xe000 && r <= 0xf8ff:
		return true
	}
	return false
}

// Decode stores the value of the node in v, by the rules of encoding/json.
func (n *Node) Decode(v any) error { return json.Unmarshal([]byte(n.Text), v) }
