// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// words is a set of what a text can name.
type words uint8

const (
	chainWord words = 1 << iota // eni-config or 10-terway
	terwayWord
	factsWord // ClusterFacts
	patchWord
)

func (w words) has(any words) bool { return w&any != 0 }

// spelling is a word as bytes, and as base64 at each of the three places that it can have in a group.
type spelling struct {
	word  words
	plain []byte
	// rare is where its least common character is: manifests are full of the first ones.
	rare  int
	coded [3][]byte
}

var spellings = []spelling{
	spell(chainWord, "eni-config", 'g'), spell(chainWord, "10-terway", 'w'),
	spell(terwayWord, "terway", 'w'), spell(factsWord, "ClusterFacts", 'F'), spell(patchWord, "patch", 'h'),
}

func spell(word words, text string, rare byte) spelling {
	s := spelling{word: word, plain: []byte(text), rare: strings.IndexByte(text, rare)}
	for shift := range s.coded {
		before := make([]byte, shift)
		all := base64.StdEncoding.EncodeToString(append(before, text...))
		// Only the characters that depend on the word alone: each holds six bits.
		s.coded[shift] = []byte(all[(8*shift+5)/6 : 8*(shift+len(text))/6])
	}
	return s
}

// in is bytes.Contains, several times as fast on manifests.
func (s *spelling) in(text []byte) bool {
	for from := s.rare; from < len(text); from++ {
		i := bytes.IndexByte(text[from:], s.plain[s.rare])
		if i < 0 {
			return false
		}
		from += i
		if bytes.HasPrefix(text[from-s.rare:], s.plain) {
			return true
		}
	}
	return false
}

// finder searches texts; its buffer is used again and again.
type finder struct {
	scratch []byte
	// tagged is true once a tag was seen that can be !!binary.
	tagged bool
}

// find tells which of the words some scalar of a YAML or JSON text can hold. It can say yes where there
// is no such scalar, but not no where there is one.
//
// Line folding puts a space or line break between what it joins, so only three things hide a word from a
// plain search: a backslash in double quotes, base64 behind the tag !!binary, and the encoding (see
// [recode]).
func (f *finder) find(text []byte, want words) words {
	held := search(text, want)
	f.tagged = f.tagged || hasTag(text)
	if held == want || !f.tagged && !hasEscape(text) {
		return held
	}
	f.scratch = unescape(slices.Grow(f.scratch[:0], len(text)), text)
	held |= search(f.scratch, want&^held)
	if f.tagged {
		held |= searchBase64(unbroken(f.scratch), want&^held)
	}
	return held
}

func search(text []byte, want words) (held words) {
	for i := range spellings {
		s := &spellings[i]
		if want.has(s.word) && !held.has(s.word) && s.in(text) {
			held |= s.word
		}
	}
	return held
}

func searchBase64(text []byte, want words) (held words) {
	for _, s := range spellings {
		for _, coded := range s.coded {
			if want.has(s.word) && bytes.Contains(text, coded) {
				held |= s.word
			}
		}
	}
	return held
}

// hasTag tells whether the text can say !!binary: in short, in full (!<tag:...>), or by a shorthand.
func hasTag(text []byte) bool {
	for rest := text; ; {
		i := bytes.IndexByte(rest, '!')
		if i < 0 || i+1 == len(rest) {
			return bytes.Contains(text, []byte("%TAG"))
		}
		if rest = rest[i+1:]; rest[0] == '!' || rest[0] == '<' {
			return true
		}
	}
}

// hasEscape tells whether [unescape] could bring up a word.
func hasEscape(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			return false
		}
		switch text[i+1] {
		case 'x', 'u', 'U', '\n', '\r', nel[0], ls[0]:
			return true
		}
		text = text[i+2:]
	}
}

// Line breaks beside \n and \r.
const (
	nel = "\u0085"
	ls  = "\u2028"
	ps  = "\u2029"
)

// unescape decodes the escapes of double quotes wherever they stand, also outside of quotes. There it
// can only bring up words that are none: an escape never takes in a quote, so whatever came before, it
// is in step again where double quotes begin.
func unescape(to, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			return append(to, text...)
		}
		to = append(to, text[:i]...)
		to, text = escape(to, text[i+1:])
	}
}

// escape decodes what stands behind a backslash; escapes that no word contains stay.
func escape(to, text []byte) (decoded, rest []byte) {
	switch text[0] {
	case 'x':
		return character(to, text, 2)
	case 'u':
		return character(to, text, 4)
	case 'U':
		return character(to, text, 8)
	case 'n', 'r':
		return append(to, '\n'), text[1:]
	case '/', '"':
		return append(to, text[0]), text[1:]
	}
	for _, end := range []string{"\r\n", "\n", "\r", nel, ls, ps} {
		if bytes.HasPrefix(text, []byte(end)) {
			return to, bytes.TrimLeft(text[len(end):], " \t")
		}
	}
	return append(to, '\\', text[0]), text[1:]
}

func character(to, text []byte, digits int) (decoded, rest []byte) {
	if len(text) > digits {
		if code, err := strconv.ParseUint(string(text[1:1+digits]), 16, 32); err == nil {
			return utf8.AppendRune(to, rune(code)), text[1+digits:]
		}
	}
	return append(to, '\\', text[0]), text[1:]
}

// unbroken removes the white space from base64, in place; NEL is a line break, and its bytes are no base64.
func unbroken(text []byte) []byte {
	to := text[:0]
	for _, c := range text {
		switch c {
		case ' ', '\t', '\n', '\r', nel[0], nel[1]:
		default:
			to = append(to, c)
		}
	}
	return to
}
