// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Order is the byte order that a text begins with, nil where it is not UTF-16. YAML knows UTF-16 by
// its mark only.
func utf16Order(text []byte) binary.ByteOrder {
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		return binary.LittleEndian
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		return binary.BigEndian
	}
	return nil
}

// recode appends a UTF-16 text as UTF-8, without its mark; whole is false where it is broken.
func recode(to, text []byte, order binary.ByteOrder) (out []byte, whole bool) {
	whole = len(text)%2 == 0
	for ; len(text) > 1; text = text[2:] {
		c := rune(order.Uint16(text))
		if utf16.IsSurrogate(c) {
			low := rune(0)
			if len(text) > 3 {
				low = rune(order.Uint16(text[2:]))
			}
			if c = utf16.DecodeRune(c, low); c == utf8.RuneError {
				whole = false
			} else {
				text = text[2:]
			}
		}
		if c != mark || len(to) > 0 {
			to = utf8.AppendRune(to, c)
		}
	}
	return to, whole
}

// mark stands at the beginning of a text and tells its encoding.
const mark = '\ufeff'

// decoded is the text as UTF-8; whole is false where it is broken UTF-16.
func (r *reader) decoded(text []byte, order binary.ByteOrder) (out []byte, whole bool) {
	if order == nil {
		return text, true
	}
	r.utf8 = slices.Grow(r.utf8[:0], len(text)/2*3)
	r.utf8, whole = recode(r.utf8, text, order)
	return r.utf8, whole
}
