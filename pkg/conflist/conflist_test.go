// SPDX-License-Identifier: Apache-2.0

package conflist_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/pkg/conflist"
)

func TestEveryValueKnowsItsRange(t *testing.T) {
	text := " {\n \"plugins\" : [ {\"type\":\"terway\", \"mtu\": 1.50e+03 },\t{\"type\" : \"t\\u00fcr\", \"a\": [ ] , \"a\": null} ] ,\"x\":{} }\n"
	root, err := conflist.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var visit func(n *conflist.Node)
	visit = func(n *conflist.Node) {
		if n.Text != text[n.Start:n.End] || n.Text != strings.TrimSpace(n.Text) || !json.Valid([]byte(n.Text)) {
			t.Errorf("%d-%d holds %q, text %q", n.Start, n.End, text[n.Start:n.End], n.Text)
		}
		for _, m := range n.Members {
			visit(m.Key)
			visit(m.Value)
		}
		for _, e := range n.Elements {
			visit(e)
		}
	}
	visit(root)
	list, _ := conflist.ParseList(text)
	if got := list.Types(); !reflect.DeepEqual(got, []string{"terway", "tür"}) {
		t.Errorf("types %q", got)
	}
	if got := list.Plugins[0].Get("mtu").Text; got != "1.50e+03" {
		t.Errorf("the number became %q", got)
	}
	if got := list.Plugins[1].Get("a").Kind; got != conflist.Null {
		t.Errorf("the last duplicate must win, got %s", got)
	}
}

func TestParseNamesTheOffendingByte(t *testing.T) {
	for _, c := range []struct {
		text   string
		offset int
	}{
		{"", 0},
		{"  \n", 3},
		{"\ufeff{}", 0},
		{`{"a": 1,}`, 8},
		{`{"a": 1`, 7},
		{`{"a": // no`, 6},
		{`{} {}`, 3},
		{`{"a": tru}`, 9},
		{`{"é": x}`, 7},
	} {
		_, err := conflist.Parse(c.text)
		var syntax *conflist.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q: %v is no syntax error", c.text, err)
			continue
		}
		if syntax.Offset != c.offset || syntax.Reason == "" {
			t.Errorf("%q: byte %d (%s), want %d", c.text, syntax.Offset, syntax.Reason, c.offset)
		}
	}
}

func TestDeepNestingIsAnErrorNotACrash(t *testing.T) {
	if _, err := conflist.Parse(strings.Repeat("[", 5000) + strings.Repeat("]", 5000)); err == nil {
		t.Fatal("5000 levels were accepted")
	}
	if _, err := conflist.Parse(strings.Repeat("[", 900) + strings.Repeat("]", 900)); err != nil {
		t.Fatal(err)
	}
}

func TestDuplicateFindsTheSecondKeyAtAnyDepth(t *testing.T) {
	root, _ := conflist.Parse(`{"plugins":[{"type":"a"},{"sysctl":{"net/x":"1","net/x":"2"}}]}`)
	dup, pointer, ok := root.Duplicate()
	if !ok || pointer != "/plugins/1/sysctl/net~1x" || dup.Value.Text != `"2"` {
		t.Errorf("found %q %v", pointer, ok)
	}
	root, _ = conflist.Parse(`{"a":{"b":1},"c":{"b":1}}`)
	if _, pointer, ok := root.Duplicate(); ok {
		t.Errorf("%s is no duplicate", pointer)
	}
}

func TestFormat(t *testing.T) {
	in := `{"z":1e2,"a":[],"o":{},"n":[{"k":"<&> \u00e9 \ud83d\ude00 \u2028 \u0085"},2.50],"z":"\ud800"}`
	want := `{
  "z": 1e2,
  "a": [],
  "o": {},
  "n": [
    {
      "k": "<&> é \ud83d\ude00 \u2028 \u0085"
    },
    2.50
  ],
  "z": "\ufffd"
}
`
	root, err := conflist.Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, conflist.Format(root)); diff != "" {
		t.Error(diff)
	}
}

// FuzzFormat holds the promises of the package on arbitrary text: no panic, ranges that are the
// values, a canonical form that is a fixed point, means the same and stays a literal block in YAML.
func FuzzFormat(f *testing.F) {
	for _, seed := range []string{
		`{"plugins":[{"type":"terway","capabilities":{"bandwidth":true} },{"type":"portmap"}]}`,
		`[1,2.5e10,-0,"\ud83d\ude00","\ud800x",null,true]`, `"é\u0000\u2028"`, `{"a":1,"a":2}`, "{} {}", "\ufeff", "[[[[", " 7 ",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		root, err := conflist.Parse(text)
		if err != nil {
			var syntax *conflist.SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(text) {
				t.Fatalf("error without a place in the text: %v", err)
			}
			return
		}
		if root.Text != text[root.Start:root.End] {
			t.Fatal("the range is not the value")
		}
		once := conflist.Format(root)
		again, err := conflist.Parse(once)
		if err != nil {
			t.Fatalf("%v in canonical text %q", err, once)
		}
		if twice := conflist.Format(again); twice != once {
			t.Fatalf("not a fixed point: %q, then %q", once, twice)
		}
		var before, after any
		if json.Unmarshal([]byte(text), &before) == nil && json.Unmarshal([]byte(once), &after) == nil && !reflect.DeepEqual(before, after) {
			t.Fatalf("%q became %q", text, once)
		}
		staysLiteral(t, once)
	})
}

func staysLiteral(t *testing.T, text string) {
	node := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.LiteralStyle, Value: text}
	out, err := yaml.Marshal(map[string]*yaml.Node{"key": &node})
	if err != nil || !strings.HasPrefix(string(out), "key: |") {
		t.Fatalf("canonical text %q leaves the literal style: %s %v", text, out, err)
	}
	var back map[string]string
	if err := yaml.Unmarshal(out, &back); err != nil || back["key"] != text {
		t.Fatalf("%q came back as %q: %v", text, back["key"], err)
	}
}
