// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// span is the half-open range of source bytes that one byte of a decoded scalar came from.
type span struct{ start, end int }

// mapScalar says for every byte of a scalar's value where it stands in the source. The YAML library keeps
// no raw text, so the scalar is decoded here once more, byte by byte; ok is false where the two do not
// agree, and then nothing is claimed.
func mapScalar(source string, start int, n *yaml.Node) (spans []span, ok bool) {
	at := skipProperties(source, start)
	if at >= len(source) {
		return nil, n.Value == ""
	}
	switch source[at] {
	case '|', '>':
		return mapBlock(source, at, n.Value)
	case '"':
		return (&flowScalar{builder{want: n.Value}, source, at + 1}).double()
	case '\'':
		return (&flowScalar{builder{want: n.Value}, source, at + 1}).single()
	}
	return (&flowScalar{builder{want: n.Value}, source, at}).plain()
}

// skipProperties passes over anchors, tags, and the blanks and comments behind them.
func skipProperties(source string, at int) int {
	for at < len(source) && (source[at] == '&' || source[at] == '!') {
		for at < len(source) && strings.IndexByte(" \t\r\n", source[at]) < 0 {
			at++
		}
		for at < len(source) && strings.IndexByte(" \t\r\n#", source[at]) >= 0 {
			if source[at] == '#' {
				at = lineEnd(source, at)
				continue
			}
			at++
		}
	}
	return at
}

func lineEnd(source string, at int) int {
	if i := strings.IndexByte(source[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(source)
}

// mapBlock tries the indentations that the block may have: an indicator counts from the parent, whose
// indentation is not known here, and the value tells which one is right.
func mapBlock(source string, at int, want string) ([]span, bool) {
	folded := source[at] == '>'
	body := min(lineEnd(source, at)+1, len(source))
	for indent := firstIndent(source, body); indent >= 0; indent-- {
		if spans, ok := readBlock(source, body, indent, folded, want); ok {
			return spans, true
		}
	}
	return nil, false
}

func firstIndent(source string, at int) int {
	for at < len(source) {
		end := lineEnd(source, at)
		line := source[at:end]
		if trimmed := strings.TrimLeft(line, " "); strings.TrimRight(trimmed, "\r") != "" {
			return len(line) - len(trimmed)
		}
		at = end + 1
	}
	return 0
}

// readBlock decodes a block scalar the way the scanner of yaml.v3 does (yaml_parser_scan_block_scalar).
func readBlock(source string, at, indent int, folded bool, want string) ([]span, bool) {
	b := builder{want: want}
	var pending *span // the break behind the last text line
	var breaks []span // the empty lines behind it
	blankBefore := false
	for at < len(source) && !b.full() {
		end := lineEnd(source, at)
		text := strings.TrimRight(source[at:end], "\r")
		newline := span{at + len(text), min(end+1, len(source))}
		if strings.Trim(text, " ") == "" && len(text) <= indent {
			breaks = append(breaks, newline)
			at = end + 1
			continue
		}
		if len(text)-len(strings.TrimLeft(text, " ")) < indent {
			break
		}
		text = text[indent:]
		blank := text[0] == ' ' || text[0] == '\t'
		switch {
		case pending == nil:
		case folded && !blankBefore && !blank && len(breaks) == 0:
			b.add(' ', *pending)
		case folded && !blankBefore && !blank:
		default:
			b.add('\n', *pending)
		}
		for _, s := range breaks {
			b.add('\n', s)
		}
		breaks, blankBefore, pending = nil, blank, &newline
		b.text(text, at+indent)
		at = end + 1
	}
	if pending != nil {
		b.add('\n', *pending)
	}
	for _, s := range breaks {
		b.add('\n', s)
	}
	return b.done()
}

// builder collects decoded bytes and stops at the first one that is not the wanted value's.
type builder struct {
	want  string
	spans []span
	wrong bool
}

func (b *builder) full() bool { return b.wrong || len(b.spans) >= len(b.want) }

func (b *builder) add(c byte, from span) {
	if b.full() {
		return
	}
	if b.want[len(b.spans)] != c {
		b.wrong = true
		return
	}
	b.spans = append(b.spans, from)
}

func (b *builder) text(s string, at int) {
	for i := range len(s) {
		b.add(s[i], span{at + i, at + i + 1})
	}
}

func (b *builder) done() ([]span, bool) { return b.spans, !b.wrong && len(b.spans) == len(b.want) }

// flowScalar decodes quoted and plain scalars.
type flowScalar struct {
	builder
	source string
	at     int
}

func (f *flowScalar) plain() ([]span, bool) {
	for f.at < len(f.source) && !f.full() {
		if !f.fold() {
			f.text(f.source[f.at:f.at+1], f.at)
			f.at++
		}
	}
	return f.done()
}

func (f *flowScalar) single() ([]span, bool) {
	for f.at < len(f.source) && !f.full() {
		switch {
		case f.fold():
		case strings.HasPrefix(f.source[f.at:], "''"):
			f.add('\'', span{f.at, f.at + 2})
			f.at += 2
		default:
			f.text(f.source[f.at:f.at+1], f.at)
			f.at++
		}
	}
	return f.done()
}

func (f *flowScalar) double() ([]span, bool) {
	for f.at < len(f.source) && !f.full() {
		switch {
		case f.source[f.at] == '\\':
			f.escape()
		case f.fold():
		default:
			f.text(f.source[f.at:f.at+1], f.at)
			f.at++
		}
	}
	return f.done()
}

// fold reads a run of blanks with line breaks in it: one break is a blank, each further one a newline.
func (f *flowScalar) fold() bool {
	end, breaks := f.at, 0
	for end < len(f.source) && strings.IndexByte(" \t\r\n", f.source[end]) >= 0 {
		if f.source[end] == '\n' {
			breaks++
		}
		end++
	}
	if breaks == 0 {
		return false
	}
	whole := span{f.at, end}
	if breaks == 1 {
		f.add(' ', whole)
	}
	for range breaks - 1 {
		f.add('\n', whole)
	}
	f.at = end
	return true
}

// escape reads one escape of a double-quoted scalar; an escaped line break joins the lines.
func (f *flowScalar) escape() {
	start := f.at
	f.at += 2
	if start+1 >= len(f.source) {
		f.wrong = true
		return
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[f.source[start+1]]
	switch c := f.source[start+1]; {
	case c == '\n' || c == '\r':
		for f.at < len(f.source) && strings.IndexByte(" \t\r\n", f.source[f.at]) >= 0 {
			f.at++
		}
	case digits > 0:
		f.at = min(f.at+digits, len(f.source))
		f.rune(span{start, f.at})
	default:
		f.rune(span{start, f.at})
	}
}

// rune takes the next rune of the value for what an escape stands for: the library decoded it.
func (f *flowScalar) rune(from span) {
	if f.full() {
		return
	}
	_, size := utf8.DecodeRuneInString(f.want[len(f.spans):])
	for _, c := range []byte(f.want[len(f.spans):][:size]) {
		f.add(c, from)
	}
}
