// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// source is a file's text with the offsets of its lines.
type source struct {
	text  string
	lines []int
}

func newSource(text string) *source {
	s := &source{text: text, lines: []int{0}}
	for i := range len(text) {
		if text[i] == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// offset of a 1-based line and column, the column in code points.
func (s *source) offset(line, column int) int {
	if line < 1 || line > len(s.lines) {
		return len(s.text)
	}
	at := s.lines[line-1]
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
