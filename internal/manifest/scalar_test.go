// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"strings"
	"testing"

	"github.com/chainlint/chainlint/internal/manifest"
)

// TestTokensInScalars: the source at the reported range is the token, in every style.
func TestTokensInScalars(t *testing.T) {
	for name, c := range map[string]struct{ text, token, source string }{
		"literal":           {"k: |\n  {\n    \"tok\": 1\n  }\n", `"tok"`, `"tok"`},
		"literal, tabs":     {"k: |\n  {\n  \t\"tok\": 1\n  }\n", `"tok"`, `"tok"`},
		"literal, crlf":     {"k: |\r\n  {\r\n    \"tok\": 1\r\n  }\r\n", `"tok"`, `"tok"`},
		"literal, 1":        {"k: |1\n   {\n    \"tok\": 1}\n", `"tok"`, `"tok"`},
		"literal, anchor":   {"k: &a |-\n  x \"tok\"\n", `"tok"`, `"tok"`},
		"literal, tag":      {"k: !!str # why\n  |\n  x \"tok\"\n", `"tok"`, `"tok"`},
		"literal, nested":   {"- a:\n    k: |\n          é {\"tok\": 1}\n", `"tok"`, `"tok"`},
		"folded":            {"k: >\n  {\n  \"tok\": 1\n\n  }\n", `"tok"`, `"tok"`},
		"folded, indented":  {"k: >-\n  {\n    \"a\": 2,\n    \"tok\": 1\n  }\n", `"tok"`, `"tok"`},
		"single":            {"k: '{\"it''s\": 1, \"tok\": 2}'\n", `"tok"`, `"tok"`},
		"single, two lines": {"k: '{\n  \"it''s\": 1,\n\n  \"tok\": 2}'\n", `"tok"`, `"tok"`},
		"double":            {"k: \"{\\n  \\\"tok\\\": \\u00e9}\"\n", `"tok"`, `\"tok\"`},
		"double, continued": {"k: \"{\\\n   \\\"tok\\\": 1}\"\n", `"tok"`, `\"tok\"`},
		"double, wide":      {"k: \"\\U0001F600 \\x41 \\\"tok\\\"\"\n", `"tok"`, `\"tok\"`},
		"plain":             {"k: a tok b\n", "tok", "tok"},
		"plain, two lines":  {"k: a\n  tok b\n", "tok", "tok"},
		"flow":              {"{k: \"{\\\"tok\\\": 1}\", z: 1}\n", `"tok"`, `\"tok\"`},
		"second document":   {"a: 1\n---\nk: |\n  x \"tok\"\n", `"tok"`, `"tok"`},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := manifest.Read("f", []byte(strings.TrimPrefix(c.text, "- a:\n")))
			if err != nil {
				t.Fatal(err)
			}
			o, pointer := objects[len(objects)-1], "/k"
			value := manifest.Text(manifest.Get(o.Node, manifest.Tokens(pointer)...))
			start := strings.Index(value, c.token)
			if start < 0 {
				t.Fatalf("no %s in %q", c.token, value)
			}
			from, to := o.Inside(pointer, start, start+len(c.token))
			if got := between(strings.TrimPrefix(c.text, "- a:\n"), from, to); got != c.source {
				t.Errorf("%s to %s is %q, want %q", from, to, got, c.source)
			}
		})
	}
}

// between cuts the range out of a text.
func between(text string, from, to manifest.Position) string {
	lines := strings.SplitAfter(text, "\n")
	offset := func(p manifest.Position) int {
		at := 0
		for _, line := range lines[:p.Line-1] {
			at += len(line)
		}
		return at + len(string([]rune(lines[p.Line-1])[:p.Column-1]))
	}
	return text[offset(from):offset(to)]
}

// FuzzInside: wherever a scalar can be mapped, every byte that stands for itself is found where it stands.
func FuzzInside(f *testing.F) {
	for _, seed := range []string{"k: |\n  {\n   \"a\": 1}\n", "k: >+2\n    a\n\n  b\n   c\n", "k: \"a\\tb\\\n  c \\u00e9\"", "k: 'a''b\n\n c'", "k: a\n b", "k: &x !!str |-\r\n  a\r\n  b", "k: >\n\n  a\n  \tb\n\n c\n"} {
		f.Add([]byte(seed), uint(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, at uint) {
		objects, err := manifest.Read("f", text)
		if err != nil {
			return
		}
		for _, o := range objects {
			value := manifest.Text(manifest.Get(o.Node, "k"))
			if value == "" {
				continue
			}
			i := int(at % uint(len(value)))
			from, to := o.Inside("/k", i, i+1)
			if from == to || value[i] >= 0x80 || strings.IndexByte(" \n'\"\\", value[i]) >= 0 {
				continue
			}
			if got := between(string(text), from, to); got != string(value[i]) && !strings.HasPrefix(got, `\`) {
				t.Fatalf("byte %d of %q is %q, found %q at %s", i, value, value[i], got, from)
			}
		}
	})
}
