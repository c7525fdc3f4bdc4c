// SPDX-License-Identifier: Apache-2.0

package conflist

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may nest. A CNI list needs six levels; the limit keeps
// hostile input from exhausting the stack.
const MaxDepth = 1000

// SyntaxError says why a text is not one JSON value, and at which byte.
type SyntaxError struct {
	Offset int
	Reason string
}

func (e *SyntaxError) Error() string { return e.Reason }

// Parse reads text as exactly one JSON value. The error is always a [*SyntaxError].
//
// What is JSON is decided by encoding/json, as in libcni and in Terway, so comments, trailing commas,
// a byte order mark and a second document are errors.
func Parse(text string) (*Node, error) {
	if err := valid(text); err != nil {
		return nil, err
	}
	p := parser{text: text, dec: json.NewDecoder(strings.NewReader(text))}
	p.dec.UseNumber()
	node, err := p.value(0)
	if err != nil {
		return nil, &SyntaxError{Offset: p.pos(), Reason: err.Error()}
	}
	return node, nil
}

// valid runs the standard library's own check: it alone reports the offending byte.
func valid(text string) *SyntaxError {
	if strings.TrimSpace(text) == "" {
		return &SyntaxError{Offset: len(text), Reason: "the text is empty where a JSON value belongs"}
	}
	if strings.HasPrefix(text, "\ufeff") {
		return &SyntaxError{Offset: 0, Reason: "a byte order mark stands before the JSON"}
	}
	var raw json.RawMessage
	err := json.Unmarshal([]byte(text), &raw)
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return &SyntaxError{Offset: offsetOf(text, syntax), Reason: syntax.Error()}
	default:
		return &SyntaxError{Reason: err.Error()}
	}
}

// offsetOf is the byte that encoding/json stumbled over: it counts the bytes read, the last one being
// the offender, except at the end of the text.
func offsetOf(text string, err *json.SyntaxError) int {
	at := int(err.Offset)
	if strings.HasPrefix(err.Error(), "unexpected end") {
		return len(text)
	}
	at = max(0, min(at-1, len(text)))
	for at > 0 && at < len(text) && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

type parser struct {
	text string
	dec  *json.Decoder
}

func (p *parser) pos() int { return int(p.dec.InputOffset()) }

// value reads the next value. Tokens end where the decoder stands; they start at the first byte
// after the separators that precede them.
func (p *parser) value(depth int) (*Node, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("values nest deeper than %d levels", MaxDepth)
	}
	start := p.skip()
	token, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	node := &Node{Start: start}
	switch t := token.(type) {
	case json.Delim:
		err = p.container(node, t, depth)
	case bool:
		node.Kind = Bool
	case string:
		node.Kind = String
	case nil:
		node.Kind = Null
	default:
		node.Kind = Number
	}
	node.End = p.pos()
	node.Text = p.text[node.Start:node.End]
	return node, err
}

func (p *parser) container(node *Node, open json.Delim, depth int) error {
	node.Kind = Array
	if open == '{' {
		node.Kind = Object
	}
	for p.dec.More() {
		first, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		if node.Kind == Array {
			node.Elements = append(node.Elements, first)
			continue
		}
		value, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		node.Members = append(node.Members, Member{Key: first, Value: value})
	}
	_, err := p.dec.Token()
	return err
}

// skip returns the offset of the next token: white space, commas and colons are not part of any.
func (p *parser) skip() int {
	at := p.pos()
	for at < len(p.text) && strings.IndexByte(" \t\r\n,:", p.text[at]) >= 0 {
		at++
	}
	return at
}

func itoa(i int) string { return strconv.Itoa(i) }
