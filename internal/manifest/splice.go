// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Splice replaces the bytes [Start, End) of the decoded value of a scalar.
type Splice struct {
	Object *Object
	// Pointer to the scalar in the object.
	Pointer    string
	Start, End int
	Text       string
}

// Rewrite applies splices to the text of a file, whose objects they name; they may have been read from a text
// with the same lines of which some were empty. Only the bytes that they name are
// touched; the result was read again, and holds the values that were meant and nothing else that differs.
// Where that cannot be had, in the style that a value is written in, it is an error and there is no result.
func Rewrite(text []byte, splices []Splice) ([]byte, error) {
	if len(splices) == 0 {
		return text, nil
	}
	src := splices[0].Object.source
	if src == nil {
		return nil, errForeign
	}
	changes := make([]change, len(splices))
	for i, s := range splices {
		var err error
		if changes[i], err = s.change(src); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.start, b.start) })
	for i := 1; i < len(changes); i++ {
		if changes[i].start < changes[i-1].end || changes[i].start == changes[i-1].start {
			return nil, ErrOverlap
		}
	}
	if err := verify(src.text, apply(src.text, changes), splices); err != nil {
		return nil, err
	}
	if changes, err := moved(changes, src, newSource(string(text))); err == nil {
		return []byte(apply(string(text), changes)), nil
	}
	return nil, errForeign
}

var errForeign = errors.New("the text is not the one that the values were read from")

// moved are changes of a text as changes of a fuller one, which has the same lines where they are made.
func moved(changes []change, from, to *source) ([]change, error) {
	if from.text == to.text {
		return changes, nil
	}
	if len(from.lines) != len(to.lines) {
		return nil, errForeign
	}
	all := slices.Clone(changes)
	for i, c := range changes {
		for _, at := range []*int{&all[i].start, &all[i].end} {
			line := sort.SearchInts(from.lines, *at+1) - 1
			*at += to.lines[line] - from.lines[line]
		}
		if all[i].end > len(to.text) || all[i].end < all[i].start || to.text[all[i].start:all[i].end] != from.text[c.start:c.end] {
			return nil, errForeign
		}
	}
	return all, nil
}

// ErrOverlap says that two changes cannot be made together.
var ErrOverlap = errors.New("two changes overlap")

// change of the bytes [start, end) of the source.
type change struct {
	start, end int
	text       string
}

func apply(source string, changes []change) string {
	var b strings.Builder
	at := 0
	for _, c := range changes {
		b.WriteString(source[at:c.start])
		b.WriteString(c.text)
		at = c.end
	}
	b.WriteString(source[at:])
	return b.String()
}

var errInexact = errors.New("the way this value is written does not allow for an exact change")

// change is the splice in terms of the source.
func (s Splice) change(src *source) (change, error) {
	n := Find(s.Object.Node, s.Pointer)
	if n == nil || n.Kind != yaml.ScalarNode || s.Start < 0 || s.Start > s.End || s.End > len(n.Value) {
		return change{}, fmt.Errorf("there is no text %d to %d at %s", s.Start, s.End, s.Pointer)
	}
	spans, ok := mapScalar(src.text, src.offset(n.Line, n.Column), n)
	if !ok || len(spans) == 0 {
		return change{}, errInexact
	}
	switch n.Style &^ yaml.TaggedStyle {
	case yaml.LiteralStyle:
		return literalChange(src, n.Value, spans, s), nil
	case yaml.DoubleQuotedStyle:
		return flowChange(spans, s, escaped(s.Text)), nil
	case yaml.SingleQuotedStyle:
		return flowChange(spans, s, strings.ReplaceAll(s.Text, "'", "''")), nil
	}
	return flowChange(spans, s, s.Text), nil
}

func flowChange(spans []span, s Splice, text string) change {
	switch {
	case s.Start == len(spans):
		end := spans[len(spans)-1].end
		return change{end, end, text}
	case s.Start == s.End:
		return change{spans[s.Start].start, spans[s.Start].start, text}
	}
	return change{spans[s.Start].start, spans[s.End-1].end, text}
}

// escaped is text inside double quotes, as JSON writes it too: a file may be either.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsControl(r) || !unicode.IsPrint(r) && r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// literalChange: behind each line break stands the indentation of the block, but on empty lines.
func literalChange(src *source, value string, spans []span, s Splice) change {
	indent, last := blockIndent(src, value, spans), spans[len(spans)-1].end
	start, end := last, last
	if s.Start < len(spans) {
		start = spans[s.Start].start
	}
	if s.End < len(spans) {
		end = spans[s.End].start
	}
	lineBreak := "\n"
	if strings.Contains(src.text[spans[0].start:last], "\r\n") {
		lineBreak = "\r\n"
	}
	text, rest := s.Text, s.Text+value[s.End:]
	if s.Start == 0 || value[s.Start-1] == '\n' {
		// At the start of a line, whose own indentation the line below brings along.
		start -= min(src.column(start), indent)
		text, rest = "\n"+text, "\n"+rest
		return change{start, end, strings.TrimPrefix(literalLines(text, rest, lineBreak, indent), lineBreak)}
	}
	return change{start, end, literalLines(text, rest, lineBreak, indent)}
}

// literalLines is a text in a block; rest is the text and what follows it.
func literalLines(text, rest, lineBreak string, indent int) string {
	var b strings.Builder
	for i := range len(text) {
		if text[i] != '\n' {
			b.WriteByte(text[i])
			continue
		}
		b.WriteString(lineBreak)
		if next := rest[i+1:]; next != "" && next[0] != '\n' {
			b.WriteString(strings.Repeat(" ", indent))
		}
	}
	return b.String()
}

// blockIndent is the column of the first byte of a line that is not empty.
func blockIndent(src *source, value string, spans []span) int {
	for i := range value {
		if value[i] != '\n' && (i == 0 || value[i-1] == '\n') {
			return src.column(spans[i].start)
		}
	}
	return 0
}

// column in bytes, from 0.
func (s *source) column(offset int) int {
	return offset - (strings.LastIndexByte(s.text[:offset], '\n') + 1)
}
