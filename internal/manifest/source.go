// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// source is a file's text with the offsets of its lines, as an editor counts them and as YAML does.
type source struct {
	text             string
	lines, yamlLines []int
}

func newSource(text string) *source {
	s := &source{text: text, lines: []int{0}}
	for i := range len(text) {
		if text[i] == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	s.yamlLines = s.lines
	if strings.ContainsAny(text, "\r\u0085\u2028\u2029") {
		s.yamlLines = yamlLines(text)
	}
	return s
}

// yamlLines begin behind every line break that YAML knows: beside \n and \r\n a single \r and three
// separators of Unicode (yaml.v3, skip_line).
func yamlLines(text string) []int {
	lines := []int{0}
	for i, r := range text {
		switch end := i + utf8.RuneLen(r); {
		case r == '\r' && strings.HasPrefix(text[end:], "\n"):
		case r == '\n', r == '\r', r == '\u0085', r == '\u2028', r == '\u2029':
			lines = append(lines, end)
		}
	}
	return lines
}

// offset of a 1-based line and column as the YAML library counts them, the column in code points.
func (s *source) offset(line, column int) int {
	if line < 1 || line > len(s.yamlLines) {
		return len(s.text)
	}
	at := s.yamlLines[line-1]
	for range column - 1 {
		if at >= len(s.text) {
			break
		}
		_, size := utf8.DecodeRuneInString(s.text[at:])
		at += size
	}
	return at
}

// position of a byte offset.
func (s *source) position(file string, offset int) Position {
	line := sort.SearchInts(s.lines, offset+1)
	return Position{File: file, Line: line, Column: utf8.RuneCountInString(s.text[s.lines[line-1]:offset]) + 1}
}

// PositionIn is the place of a byte of a text that is a file of its own.
func PositionIn(file, text string, offset int) Position {
	offset = min(offset, len(text))
	line := strings.LastIndexByte(text[:offset], '\n') + 1
	return Position{File: file, Line: strings.Count(text[:offset], "\n") + 1, Column: utf8.RuneCountInString(text[line:offset]) + 1}
}
