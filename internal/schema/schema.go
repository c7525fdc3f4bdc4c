// SPDX-License-Identifier: Apache-2.0

// Package schema holds the JSON Schemas of chainlint's objects and judges objects by them.
//
// The schemas are ordinary JSON Schema 2020-12, published for editors. They are judged here and not by
// a library because a general validator costs more at every start than the whole function (see
// DESIGN.md), and because the messages are ours; a test holds the verdicts against a library's.
package schema

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"sync"
)

//go:embed *.json
var files embed.FS

// Kinds with a schema, sorted.
func Kinds() []string {
	names, _ := fs.Glob(files, "*.json")
	for i, name := range names {
		names[i] = strings.TrimSuffix(name, ".json")
	}
	sort.Strings(names)
	return names
}

// Text is the schema of a kind as published; ok is false for an unknown kind.
func Text(name string) (text []byte, ok bool) {
	text, err := files.ReadFile(name + ".json")
	return text, err == nil
}

// schema has the keywords that the published schemas use; a test fails on any other.
type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 types              `json:"type"`
	Title                string             `json:"title"`
	Const                string             `json:"const"`
	Enum                 []string           `json:"enum"`
	Required             []string           `json:"required"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties additional         `json:"additionalProperties"`
	PropertyNames        *schema            `json:"propertyNames"`
	Items                *schema            `json:"items"`
	Minimum              *int64             `json:"minimum"`
	MinLength            int                `json:"minLength"`
	Pattern              string             `json:"pattern"`
	Defs                 map[string]*schema `json:"$defs"`

	root *schema
}

// types is one JSON type or several.
type types []string

// UnmarshalJSON reads "string" and ["object", "null"].
func (t *types) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return json.Unmarshal(text, (*[]string)(t))
	}
	*t = types{""}
	return json.Unmarshal(text, &(*t)[0])
}

// additional is false, or the schema of members that have no name of their own.
type additional struct {
	forbidden bool
	schema    *schema
}

// UnmarshalJSON reads false and a schema.
func (a *additional) UnmarshalJSON(text []byte) error {
	if string(text) == "false" {
		a.forbidden = true
		return nil
	}
	return json.Unmarshal(text, &a.schema)
}

var (
	loadedMu sync.Mutex
	loaded   = map[string]*schema{}
)

// load parses the schema of a kind, once.
func load(kind string) (*schema, error) {
	loadedMu.Lock()
	defer loadedMu.Unlock()
	if s := loaded[kind]; s != nil {
		return s, nil
	}
	text, ok := Text(kind)
	if !ok {
		return nil, fmt.Errorf("there is no schema of %s", kind)
	}
	s := &schema{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", kind, err)
	}
	s.adopt(s)
	loaded[kind] = s
	return s, nil
}

// adopt tells every schema below which document it stands in, for its references.
func (s *schema) adopt(root *schema) {
	s.root = root
	children := []*schema{s.AdditionalProperties.schema, s.PropertyNames, s.Items}
	for _, group := range []map[string]*schema{s.Properties, s.Defs} {
		for _, child := range group {
			children = append(children, child)
		}
	}
	for _, child := range children {
		if child != nil {
			child.adopt(root)
		}
	}
}

// resolve follows a reference: #/$defs/NAME, or KIND.json#/properties/spec.
func (s *schema) resolve() (*schema, error) {
	if s.Ref == "" {
		return s, nil
	}
	file, fragment, _ := strings.Cut(s.Ref, "#")
	root := s.root
	if file != "" {
		var err error
		if root, err = load(strings.TrimSuffix(file, ".json")); err != nil {
			return nil, err
		}
	}
	if name, ok := strings.CutPrefix(fragment, "/$defs/"); ok && root.Defs[name] != nil {
		return root.Defs[name], nil
	}
	if name, ok := strings.CutPrefix(fragment, "/properties/"); ok && root.Properties[name] != nil {
		return root.Properties[name], nil
	}
	return nil, fmt.Errorf("the schema refers to %s, which is not there", s.Ref)
}
