// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Lines of a text, to draw pictures in.
type Lines []string

// LinesOf cuts a text.
func LinesOf(text []byte) Lines {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(string(text), "\n")
}

// Picture is the line that a finding points at, with carets below the token:
//
//	14 |           "type": "portmap"
//	   |                   ^^^^^^^^^
//
// It is empty where the line is not known. Characters that a terminal would act on are shown as blanks.
func (l Lines) Picture(span Span) string {
	if span.From.Line < 1 || span.From.Line > len(l) {
		return ""
	}
	line := strings.TrimRight(l[span.From.Line-1], "\r")
	start := byteOf(line, span.From.Column)
	end := len(strings.TrimRight(line, " \t"))
	if span.To.Line == span.From.Line {
		end = byteOf(line, span.To.Column)
	}
	line, start, end = window(line, start, max(start, end))
	number := fmt.Sprintf("%5d", span.From.Line)
	carets := strings.Repeat("^", max(1, utf8.RuneCountInString(line[start:end])))
	return fmt.Sprintf("%s | %s\n%s | %s%s\n", number, printable(line), strings.Repeat(" ", len(number)), blanks(line[:start]), carets)
}

// maxLine is how much of a line is shown: a whole chain may stand on one.
const maxLine = 160

// window cuts a long line to the part around the bytes [start, end).
func window(line string, start, end int) (part string, from, to int) {
	runes := []rune(line)
	first, last := utf8.RuneCountInString(line[:start]), utf8.RuneCountInString(line[:end])
	if len(runes) <= maxLine {
		return line, start, end
	}
	left := max(0, min(first-maxLine/3, len(runes)-maxLine))
	right := min(len(runes), left+maxLine)
	last = min(last, right)
	head, tail := "", ""
	if left > 0 {
		head = "… "
	}
	if right < len(runes) {
		tail = " …"
	}
	from = len(head) + len(string(runes[left:first]))
	return head + string(runes[left:right]) + tail, from, from + len(string(runes[first:last]))
}

// byteOf a 1-based column in code points.
func byteOf(line string, column int) int {
	at := 0
	for range column - 1 {
		if at >= len(line) {
			break
		}
		_, size := utf8.DecodeRuneInString(line[at:])
		at += size
	}
	return at
}

func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x200e && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, line)
}

// blanks keep the width: tabs stay, everything else is one blank.
func blanks(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, s)
}
