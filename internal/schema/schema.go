// SPDX-License-Identifier: Apache-2.0

// Package schema holds the JSON Schemas of chainlint's objects and judges objects by them.
package schema

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/chainlint/chainlint/internal/nearest"
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

// Problem is one place where an object is not what its schema says.
type Problem struct {
	// Pointer to the value, or to the unknown member.
	Pointer string
	// Key: the member's name is wrong, not its value.
	Key     bool
	Message string
}

// Validate judges the JSON text of an object of that kind, and returns what is wrong with it in the
// order of the pointers.
func Validate(name string, text []byte) ([]Problem, error) {
	compiled, err := compile(name)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		return nil, err
	}
	err = compiled.Validate(doc)
	if err == nil {
		return nil, nil
	}
	failure, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return nil, err
	}
	var problems []Problem
	leaves(failure, &problems)
	sort.SliceStable(problems, func(i, j int) bool { return problems[i].Pointer < problems[j].Pointer })
	return problems, nil
}

var (
	compiledMu sync.Mutex
	compiledBy = map[string]*jsonschema.Schema{}
)

func compile(name string) (*jsonschema.Schema, error) {
	compiledMu.Lock()
	defer compiledMu.Unlock()
	if s := compiledBy[name]; s != nil {
		return s, nil
	}
	compiler := jsonschema.NewCompiler()
	for _, k := range Kinds() {
		text, _ := Text(k)
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", k, err)
		}
		if err := compiler.AddResource(url(k), doc); err != nil {
			return nil, err
		}
	}
	s, err := compiler.Compile(url(name))
	compiledBy[name] = s
	return s, err
}

func url(name string) string { return "https://chainlint.dev/schema/v1alpha1/" + name + ".json" }

func leaves(e *jsonschema.ValidationError, out *[]Problem) {
	for _, cause := range e.Causes {
		leaves(cause, out)
	}
	if len(e.Causes) > 0 {
		return
	}
	at := pointer(e.InstanceLocation)
	name := "the document"
	if n := len(e.InstanceLocation); n > 0 {
		name = e.InstanceLocation[n-1]
	}
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		known := properties(e.SchemaURL)
		for _, p := range k.Properties {
			*out = append(*out, Problem{at + "/" + escape(p), true, fmt.Sprintf("unknown field %q: %s", p, nearest.Hint(p, known))})
		}
	case *kind.Required:
		*out = append(*out, Problem{at, false, fmt.Sprintf("%s lacks %s", name, strings.Join(k.Missing, ", "))})
	case *kind.Enum:
		*out = append(*out, Problem{at, false, enum(name, k)})
	case *kind.Const:
		*out = append(*out, Problem{at, false, fmt.Sprintf("%s must be %v, not %v", name, k.Want, quoteJSON(k.Got))})
	case *kind.Type:
		*out = append(*out, Problem{at, false, fmt.Sprintf("%s must be %s, not %s%s", name, article(k.Want), article([]string{k.Got}), hint(k))})
	case *kind.Minimum:
		*out = append(*out, Problem{at, false, fmt.Sprintf("%s must be at least %v", name, k.Want.FloatString(0))})
	case *kind.Pattern:
		*out = append(*out, Problem{at, false, fmt.Sprintf("%s must look like %s, not %q", name, describe(e.SchemaURL, k.Want), k.Got)})
	case *kind.FalseSchema:
		*out = append(*out, Problem{at, true, fmt.Sprintf("%s does not belong here", name)})
	default:
		*out = append(*out, Problem{at, false, fmt.Sprintf("%s is not valid: %s", name, describe(e.SchemaURL, e.Error()))})
	}
}

func enum(name string, k *kind.Enum) string {
	words := make([]string, len(k.Want))
	for i, w := range k.Want {
		words[i] = fmt.Sprint(w)
	}
	message := fmt.Sprintf("%s must be one of %s, not %s", name, strings.Join(words, ", "), quoteJSON(k.Got))
	if got, ok := k.Got.(string); ok {
		if best := nearest.To(got, words); best != "" {
			message += ": did you mean " + best + "?"
		}
	}
	return message
}

func quoteJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// hint explains the mistake that YAML makes easy: a version or number that is not quoted.
func hint(k *kind.Type) string {
	if len(k.Want) == 1 && k.Want[0] == "string" && (k.Got == "number" || k.Got == "boolean" || k.Got == "integer") {
		return ": put it in quotes"
	}
	if len(k.Want) == 1 && k.Want[0] == "string" && (k.Got == "object" || k.Got == "array") {
		return ": write it as text (| and an indented block)"
	}
	return ""
}

func article(kinds []string) string {
	words := map[string]string{"object": "a mapping", "array": "a list", "integer": "an integer", "string": "text", "null": "empty", "boolean": "true or false", "number": "a number"}
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = words[k]
	}
	return strings.Join(out, " or ")
}

// properties are the names that the schema at url knows; describe is its title, else the fallback.
func properties(url string) []string {
	var s struct {
		Properties map[string]any `json:"properties"`
	}
	lookup(url, &s)
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func describe(url, fallback string) string {
	var s struct {
		Title string `json:"title"`
	}
	lookup(url, &s)
	if s.Title != "" {
		return s.Title
	}
	return fallback
}

func lookup(url string, into any) {
	file, fragment, _ := strings.Cut(url, "#")
	name := strings.TrimSuffix(file[strings.LastIndexByte(file, '/')+1:], ".json")
	text, _ := Text(name)
	var doc any
	_ = json.Unmarshal(text, &doc)
	for _, token := range strings.Split(strings.TrimPrefix(fragment, "/"), "/") {
		object, _ := doc.(map[string]any)
		if token != "" {
			doc = object[strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")]
		}
	}
	text, _ = json.Marshal(doc)
	_ = json.Unmarshal(text, into)
}

func pointer(tokens []string) string {
	var b strings.Builder
	for _, token := range tokens {
		b.WriteString("/" + escape(token))
	}
	return b.String()
}

func escape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}
