// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"slices"
	"strings"
)

// leanFrom is the size from which a text is made lean: YAML takes a second for a few megabytes.
const leanFrom = 256 << 10

// chainWords: an object that has none of them does not concern the linter.
var chainWords = [][]byte{[]byte("eni-config"), []byte("10-terway"), []byte("cni_chain"), []byte("chainlint.dev")}

func concerns(piece []byte) bool {
	return slices.ContainsFunc(chainWords, func(word []byte) bool { return bytes.Contains(piece, word) })
}

// lean empties the lines of all documents, and of all items of Lists, that do not concern the linter. Lines
// keep their numbers. Text of another form than tools write it in stays as it is.
func lean(text []byte) []byte {
	if len(text) < leanFrom || bytes.ContainsAny(text, "\u0085\u2028\u2029") || bytes.Count(text, []byte("\r")) != bytes.Count(text, []byte("\r\n")) {
		return text
	}
	c := cutter{indent: -1}
	for line := range bytes.Lines(text) {
		c.line(line)
	}
	c.cut()
	return c.out.Bytes()
}

// cutter cuts a text into pieces: documents, what stands around the items of a List, and the items.
type cutter struct {
	out   bytes.Buffer
	piece []byte
	// keep the piece whatever it says.
	keep bool
	// items: the lines are those of items, whose dashes stand at indent, -1 before the first one.
	items  bool
	indent int
}

// cut ends a piece.
func (c *cutter) cut() {
	if c.keep || concerns(c.piece) {
		c.out.Write(c.piece)
	} else {
		c.out.WriteString(strings.Repeat("\n", bytes.Count(c.piece, []byte("\n"))))
	}
	c.piece, c.keep = nil, false
}

func (c *cutter) line(line []byte) {
	text := strings.TrimRight(string(line[:min(len(line), 80)]), "\r\n")
	indent := len(text) - len(strings.TrimLeft(text, " "))
	dash := text[indent:] == "-" || strings.HasPrefix(text[indent:], "- ")
	switch {
	case text == "---" || strings.HasPrefix(text, "--- "):
		c.cut()
		c.items, c.indent, c.keep = false, -1, true
		c.piece = line
		c.cut()
		return
	case !c.items && strings.HasPrefix(text, "items:") && strings.TrimSpace(text) == "items:":
		c.keep = true
		c.piece = append(c.piece, line...)
		c.cut()
		c.items = true
		return
	case c.items && dash && (c.indent < 0 || indent == c.indent):
		c.cut()
		c.indent = indent
	case c.items && indent == 0 && !dash && text != "" && text[0] != '#':
		c.cut()
		c.items, c.indent, c.keep = false, -1, true
	}
	c.piece = append(c.piece, line...)
}
