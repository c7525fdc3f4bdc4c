// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainlint/chainlint/internal/manifest"
)

func TestRewrite(t *testing.T) {
	for name, c := range map[string]struct{ text, old, new, want string }{
		"literal":                  {"k: |\n  a\n  b \n  c\nz: 1\n", "b ", "b", "k: |\n  a\n  b\n  c\nz: 1\n"},
		"literal, a line more":     {"k: |\n  a\n  c\n", "c", "b\nc", "k: |\n  a\n  b\n  c\n"},
		"literal, a line behind":   {"k: |\n  a\n  c\nz: 1\n", "c\n", "c\nd\n", "k: |\n  a\n  c\n  d\nz: 1\n"},
		"literal, a line less":     {"k: |\n  a\n  b\n  c\n", "b\n", "", "k: |\n  a\n  c\n"},
		"literal, joined":          {"k: |\n  a\n  b\n", "\n", ", ", "k: |\n  a, b\n"},
		"literal, joined inside":   {"k: |\n  a\n  b\n", "a\nb", "a, b", "k: |\n  a, b\n"},
		"literal, an empty line":   {"k: |\n  a\n\n  b\n", "\nb", "x\nb", "k: |\n  a\n  x\n  b\n"},
		"literal, emptied line":    {"k: |\n  a\n  x\n  b\n", "x\n", "\n", "k: |\n  a\n\n  b\n"},
		"literal, all of it":       {"k: |\n  a\n", "a\n", "b\nc\n", "k: |\n  b\n  c\n"},
		"literal, no end":          {"k: |\n  a\n", "a\n", "a", "k: |\n  a"},
		"literal, strip":           {"k: |-\n  a\n", "a", "b", "k: |-\n  b\n"},
		"literal, crlf":            {"k: |\r\n  a \r\n  b\r\n", "a ", "a\nx", "k: |\r\n  a\r\n  x\r\n  b\r\n"},
		"literal, wide":            {"k: |\n  \"é\": 1\n", `"é"`, `"ö"`, "k: |\n  \"ö\": 1\n"},
		"literal, in a list":       {"items:\n- k: 1\nk: |\n  a\n", "a", "b", "items:\n- k: 1\nk: |\n  b\n"},
		"literal, unprintable":     {"k: |\n  a\n", "a", "a\x01", ""},
		"double":                   {`k: "a\n  \"tok\": 1\n"` + "\n", `"tok"`, "\"x\\y\"\n", `k: "a\n  \"x\\y\"\n: 1\n"` + "\n"},
		"double, trailing":         {`k: "{ \n}"`, "{ ", "{", `k: "{\n}"`},
		"double, json":             {`{"k": "a\u00e9b", "z": 1}`, "é", "é\u2028", `{"k": "aé\u2028b", "z": 1}`},
		"single":                   {"k: 'it''s a' # why\n", "a", "'b", "k: 'it''s ''b' # why\n"},
		"single, a break":          {"k: 'a'\n", "a", "a\nb", ""},
		"plain":                    {"k: a b # why\n", "b", "c", "k: a c # why\n"},
		"plain, something else":    {"k: ab\n", "ab", "12", ""},
		"plain, a comment":         {"k: ab\n", "b", " #b", ""},
		"folded":                   {"k: >\n  {\n  tok\n\n  }\n", "tok", "x", "k: >\n  {\n  x\n\n  }\n"},
		"folded, a break":          {"k: >\n  {\n  tok\n  }\n", "tok", "x\ny", ""},
		"anchor":                   {"k: &a |\n  x\nz: *a\n", "x", "y", ""},
		"anchor of a parent":       {"z: &a {k: x}\nk: x\n", "x", "y", "z: &a {k: x}\nk: y\n"},
		"anchor without an alias":  {"k: &a |\n  x\n", "x", "y", "k: &a |\n  y\n"},
		"tag":                      {"k: !!str 12\n", "2", "3", "k: !!str 13\n"},
		"other documents":          {"a: x\n---\nk: x\n---\nk: x\n", "x", "y", "a: x\n---\nk: x\n---\nk: y\n"},
		"comments behind the text": {"k: |\n  a\n# why\nz: 1\n", "a", "b", "k: |\n  b\n# why\nz: 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := manifest.Read("f", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			o := objects[len(objects)-1]
			start := strings.Index(manifest.Text(manifest.Get(o.Node, "k")), c.old)
			got, err := manifest.Rewrite([]byte(c.text), []manifest.Splice{{o, "/k", start, start + len(c.old), c.new}})
			if diff := cmp.Diff(c.want, string(got)); diff != "" || (err != nil) != (c.want == "") {
				t.Error(err, diff)
			}
		})
	}
}

func TestRewriteTogether(t *testing.T) {
	text := "a:\n  k: |\n    x \n    y \nk: 'x x'\n"
	objects, err := manifest.Read("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o := objects[0]
	splices := []manifest.Splice{{o, "/k", 0, 1, "z"}, {o, "/a/k", 4, 5, ""}, {o, "/a/k", 1, 2, ""}, {o, "/k", 2, 3, "'"}}
	got, err := manifest.Rewrite([]byte(text), splices)
	if want := "a:\n  k: |\n    x\n    y\nk: 'z '''\n"; err != nil || string(got) != want {
		t.Errorf("%v %q", err, got)
	}
	if _, err := manifest.Rewrite([]byte(text), append(splices, manifest.Splice{Object: o, Pointer: "/k", Start: 0, End: 2})); err == nil {
		t.Error("an overlap was applied")
	}
	if _, err := manifest.Rewrite([]byte(text), []manifest.Splice{{Object: o, Pointer: "/nowhere"}}); err == nil {
		t.Error("a value that is not there was changed")
	}
}

// FuzzRewrite: what comes out holds the edited value and is otherwise as it was, or nothing comes out.
func FuzzRewrite(f *testing.F) {
	for _, seed := range []string{"k: |\n  {\n   \"a\": 1}\n", "k: >+2\n    a\n\n  b\n   c\n", "k: \"a\\tb\\\n  c \\u00e9\"", "k: 'a''b\n\n c'", "k: a\n b", "k: &x !!str |-\r\n  a\r\n  b", "{k: \"a\", z: 1}", "z: |+\n a\n\nk: |+\n b\n\n"} {
		f.Add(seed, uint(1), uint(2), "x\ny")
	}
	f.Fuzz(func(t *testing.T, text string, from, length uint, with string) {
		objects, err := manifest.Read("f", []byte(text))
		if err != nil {
			return
		}
		for i, o := range objects {
			n := manifest.Get(o.Node, "k")
			value := manifest.Text(n)
			if value == "" {
				continue
			}
			start := int(from % uint(len(value)+1))
			end := start + int(length%uint(len(value)-start+1))
			got, err := manifest.Rewrite([]byte(text), []manifest.Splice{{o, "/k", start, end, with}})
			if err != nil {
				continue
			}
			again, err := manifest.Read("f", got)
			if err != nil {
				t.Fatalf("%q became %q: %v", text, got, err)
			}
			if have, want := manifest.Text(manifest.Get(again[i].Node, "k")), value[:start]+with+value[end:]; have != want {
				t.Fatalf("%q became %q: the value is %q, want %q", text, got, have, want)
			}
		}
	})
}
