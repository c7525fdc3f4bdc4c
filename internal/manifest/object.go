// SPDX-License-Identifier: Apache-2.0

// Package manifest reads YAML files into objects that remember where everything stood.
package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Group is the API version of chainlint's own objects.
const Group = "chainlint.dev/v1alpha1"

// LocalConfig marks objects that hosts keep away from the cluster.
const LocalConfig = "config.kubernetes.io/local-config"

// Ref names an object.
type Ref struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

func (r Ref) String() string {
	if r.Namespace != "" {
		return r.Kind + " " + r.Namespace + "/" + r.Name
	}
	return r.Kind + " " + r.Name
}

// Position is a place in a file: 1-based line and column, the column in Unicode code points. The zero
// Line means that only the file is known.
type Position struct {
	File         string
	Line, Column int
}

func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Object is one YAML document: a mapping, usually a Kubernetes object.
type Object struct {
	// File it came from, "" for a stream.
	File string
	// Node is the mapping, with lines and columns within File.
	Node *yaml.Node
	// source is the whole file, for places inside scalars; nil where a host re-emitted the object, so
	// that its lines and columns mean nothing to a reader.
	source *source
}

// Error is unreadable input, with its place.
type Error struct {
	Position
	Reason string
}

func (e *Error) Error() string { return e.String() + ": " + e.Reason }

// Read splits a YAML stream into its objects. Empty documents are skipped; documents that are no
// mapping, and mappings with a key twice, are errors. The error is always an [*Error].
func Read(file string, text []byte) ([]*Object, error) {
	objects, err := Documents(file, text)
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if object.Node.Kind != yaml.MappingNode {
			return nil, &Error{object.position(object.Node), "a document must be a mapping with apiVersion and kind"}
		}
		if err := object.Unique(); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// Documents splits a YAML stream into its documents, whatever they are; empty ones are skipped. The error
// is always an [*Error].
func Documents(file string, text []byte) ([]*Object, error) {
	if i := bytes.IndexByte(text, 0); i >= 0 || !utf8.Valid(text) {
		return nil, &Error{Position{File: file}, "it is no YAML text: it has bytes that are no UTF-8 or NUL"}
	}
	var objects []*Object
	src := newSource(string(text))
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, syntaxError(file, err)
		}
		if len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null" {
			continue
		}
		object := &Object{File: file, Node: doc.Content[0], source: src}
		if object.Node.HeadComment == "" {
			object.Node.HeadComment = doc.HeadComment
		}
		objects = append(objects, object)
	}
}

// Unique refuses mappings with the same key twice, anywhere in the object. The error is an [*Error].
func (o *Object) Unique() error { return o.unique(o.Node, 0) }

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func syntaxError(file string, err error) *Error {
	m := yamlLine.FindStringSubmatch(err.Error())
	position := Position{File: file}
	reason := err.Error()
	if m != nil {
		position.Line, _ = strconv.Atoi(m[1])
		reason = strings.TrimPrefix(reason, m[0])
	}
	return &Error{position, "it is no YAML: " + quotedWord.ReplaceAllString(reason, "")}
}

// quotedWord is what the library quotes of the text, a blank before it included: an anchor may be somebody's
// password. Quoted punctuation is the library's own.
var quotedWord = regexp.MustCompile(`\s*(?:'[^']*[\pL\pN][^']*'|"[^"]*[\pL\pN][^"]*")`)

const maxDepth = 200

// unique refuses a mapping with the same key twice: every consumer picks its own one of the two.
func (o *Object) unique(n *yaml.Node, depth int) error {
	if depth > maxDepth {
		return &Error{o.position(n), fmt.Sprintf("values nest deeper than %d levels", maxDepth)}
	}
	seen := map[string]*yaml.Node{}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if first, ok := seen[key.Value]; ok && key.Kind == yaml.ScalarNode {
			return &Error{o.position(key), fmt.Sprintf("the key %q stands here twice, first in line %d", key.Value, first.Line)}
		}
		seen[key.Value] = key
	}
	for _, c := range n.Content {
		if err := o.unique(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// Ref is the object's name as far as it has one.
func (o *Object) Ref() Ref {
	return Ref{
		APIVersion: Text(Get(o.Node, "apiVersion")), Kind: Text(Get(o.Node, "kind")),
		Namespace: Text(Get(o.Node, "metadata", "namespace")), Name: Text(Get(o.Node, "metadata", "name")),
	}
}

// Annotation returns an annotation, "" where it is absent.
func (o *Object) Annotation(key string) string {
	return Text(Get(o.Node, "metadata", "annotations", key))
}

// Get follows keys through mappings; nil where one is absent.
func Get(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		n = Follow(n)
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		var next *yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				next = n.Content[i+1]
			}
		}
		n = next
	}
	return Follow(n)
}

// Follow goes through aliases to the node that they stand for.
func Follow(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// Text is the value of a scalar, "" for everything else.
func Text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// Tokens splits a JSON pointer into its unescaped reference tokens.
func Tokens(pointer string) []string {
	if pointer == "" {
		return nil
	}
	tokens := strings.Split(pointer[1:], "/")
	for i, token := range tokens {
		tokens[i] = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
	}
	return tokens
}

// Find is the value behind a JSON pointer, nil where there is none.
func Find(n *yaml.Node, pointer string) *yaml.Node {
	for _, token := range Tokens(pointer) {
		_, n = child(Follow(n), token)
	}
	return Follow(n)
}

// merged looks for a member in the mappings that merge keys (<<) pour into this one.
func merged(n *yaml.Node, token string) (key, value *yaml.Node) {
	for _, m := range Merges(n) {
		for i := 0; i+1 < len(m.Content); i += 2 {
			if m.Content[i].Value == token {
				return m.Content[i], m.Content[i+1]
			}
		}
	}
	return nil, nil
}

// Merges are the mappings that merge keys (<<) pour into a mapping, those that win first.
func Merges(n *yaml.Node) []*yaml.Node {
	var all []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].ShortTag() != "!!merge" {
			continue
		}
		source := Follow(n.Content[i+1])
		candidates := []*yaml.Node{source}
		if source.Kind == yaml.SequenceNode {
			candidates = source.Content
		}
		for _, c := range candidates {
			if c = Follow(c); c.Kind == yaml.MappingNode && c != n {
				all = append(all, c)
			}
		}
	}
	return all
}

func child(n *yaml.Node, token string) (key, value *yaml.Node) {
	switch {
	case n == nil:
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == token {
				return n.Content[i], n.Content[i+1]
			}
		}
		return merged(n, token)
	case n.Kind == yaml.SequenceNode:
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(n.Content) {
			return nil, n.Content[i]
		}
	}
	return nil, nil
}

// Item is an object inside this one, such as an entry of a List.
func (o *Object) Item(n *yaml.Node) *Object {
	return &Object{File: o.File, Node: Follow(n), source: o.source}
}
