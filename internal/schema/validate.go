// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/conflist"
)

// Problem is one place where an object is not what its schema says.
type Problem struct {
	// Pointer to the value, or to the unknown member.
	Pointer string
	// Key: the member's name is wrong, not its value.
	Key     bool
	Message string
}

// Validate judges the JSON text of an object of that kind, and returns what is wrong with it in the
// order of the text.
func Validate(kind string, text []byte) ([]Problem, error) {
	s, err := load(kind)
	if err != nil {
		return nil, err
	}
	node, err := conflist.Parse(string(text))
	if err != nil {
		return nil, err
	}
	v := &validator{}
	v.value(s, node, "", "the document")
	return v.found, v.err
}

type validator struct {
	found []Problem
	err   error
}

func (v *validator) add(pointer string, key bool, format string, args ...any) {
	v.found = append(v.found, Problem{pointer, key, fmt.Sprintf(format, args...)})
}

// value judges one value; name is what a message calls it.
func (v *validator) value(s *schema, n *conflist.Node, at, name string) {
	s, err := s.resolve()
	if err != nil {
		v.err = err
		return
	}
	if len(s.Type) > 0 && !slices.ContainsFunc(s.Type, func(t string) bool { return isA(n, t) }) {
		v.add(at, false, "%s must be %s, not %s%s", name, words(s.Type), word(string(n.Kind)), hint(s.Type, n.Kind))
		return
	}
	switch n.Kind {
	case conflist.Object:
		v.object(s, n, at, name)
	case conflist.Array:
		for i, e := range n.Elements {
			if s.Items != nil {
				v.value(s.Items, e, at+"/"+strconv.Itoa(i), name)
			}
		}
	}
	v.scalar(s, n, at, name)
}

func isA(n *conflist.Node, kind string) bool {
	if kind != "integer" {
		return string(n.Kind) == kind
	}
	_, err := strconv.ParseInt(n.Text, 10, 64)
	return n.Kind == conflist.Number && err == nil
}

func (v *validator) object(s *schema, n *conflist.Node, at, name string) {
	var missing []string
	for _, key := range s.Required {
		if n.Get(key) == nil {
			missing = append(missing, key)
		}
	}
	if missing != nil {
		v.add(at, false, "%s lacks %s", name, strings.Join(missing, ", "))
	}
	for _, m := range n.Members {
		here := at + "/" + conflist.EscapePointer(m.Name())
		known, ok := s.Properties[m.Name()]
		switch {
		case ok:
			v.value(known, m.Value, here, m.Name())
		case s.AdditionalProperties.forbidden:
			v.add(here, true, "unknown field %q: %s", m.Name(), nearest.Hint(m.Name(), slices.Sorted(maps.Keys(s.Properties))))
		case s.AdditionalProperties.schema != nil:
			v.value(s.AdditionalProperties.schema, m.Value, here, m.Name())
		}
		if p := s.PropertyNames; p != nil && p.Pattern != "" && !regexp.MustCompile(p.Pattern).MatchString(m.Name()) {
			v.add(here, true, "%q is not %s", m.Name(), p.Title)
		}
	}
}

func (v *validator) scalar(s *schema, n *conflist.Node, at, name string) {
	text := n.String()
	switch {
	case s.Const != "" && text != s.Const:
		v.add(at, false, "%s must be %s, not %s", name, s.Const, n.Text)
	case s.Enum != nil && !slices.Contains(s.Enum, text):
		v.add(at, false, "%s must be one of %s, not %s%s", name, strings.Join(s.Enum, ", "), short(n), didYouMean(text, s.Enum))
	case s.MinLength > 0 && n.Kind == conflist.String && len(text) < s.MinLength:
		v.add(at, false, "%s must not be empty", name)
	case s.Pattern != "" && n.Kind == conflist.String && !regexp.MustCompile(s.Pattern).MatchString(text):
		v.add(at, false, "%s must be %s, not %q", name, s.Title, text)
	case s.Minimum != nil && n.Kind == conflist.Number:
		if i, err := strconv.ParseInt(n.Text, 10, 64); err == nil && i < *s.Minimum {
			v.add(at, false, "%s must be at least %d, not %s", name, *s.Minimum, n.Text)
		}
	}
}

func didYouMean(text string, candidates []string) string {
	if best := nearest.To(text, candidates); text != "" && best != "" {
		return ": did you mean " + best + "?"
	}
	return ""
}

func short(n *conflist.Node) string {
	if len(n.Text) > 40 {
		return word(string(n.Kind))
	}
	return n.Text
}

// hint explains the mistakes that YAML makes easy.
func hint(want []string, got conflist.Kind) string {
	if len(want) != 1 || want[0] != "string" {
		return ""
	}
	switch got {
	case conflist.Number, conflist.Bool:
		return ": put it in quotes"
	case conflist.Object, conflist.Array:
		return ": write it as text (| and an indented block)"
	}
	return ""
}

func word(kind string) string {
	switch kind {
	case "object":
		return "a mapping"
	case "array":
		return "a list"
	case "integer":
		return "an integer"
	case "number":
		return "a number"
	case "string":
		return "text"
	case "boolean":
		return "true or false"
	}
	return "empty"
}

func words(kinds []string) string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = word(k)
	}
	return strings.Join(out, " or ")
}
