// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/internal/manifest"
)

func TestPlacesInsideLiteralBlocks(t *testing.T) {
	for name, text := range map[string]string{
		"plain":      "a: b\ndata:\n  key: |\n    {\n      \"x\": 1\n    }\n",
		"indicator":  "a: b\ndata:\n  key: |2\n      {\n      \"x\": 1\n    }\n",
		"keep":       "a: b\ndata:\n  key: |+\n\n    {\n      \"x\": 1\n    }\n\n",
		"comment":    "a: b\ndata:\n  key: |- # why\n    é {\n    \"x\": 1}\n",
		"crlf":       "a: b\r\ndata:\r\n  key: |\r\n    {\r\n      \"x\": 1\r\n    }\r\n",
		"second doc": "z: 1\n---\ndata:\n  key: |\n    {\n      \"x\": 1\n    }\n",
	} {
		objects, err := manifest.Read("f.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		o := objects[len(objects)-1]
		value := manifest.Text(manifest.Get(o.Node, "data", "key"))
		at, _ := o.Inside("/data/key", strings.Index(value, `"x"`), strings.Index(value, `"x"`))
		line := strings.Split(text, "\n")[at.Line-1]
		if got := string([]rune(line)[at.Column-1:]); !strings.HasPrefix(got, `"x"`) {
			t.Errorf("%s: %s points at %q", name, at, got)
		}
	}
}

func TestPlacesOfMembers(t *testing.T) {
	objects, err := manifest.Read("f.yaml", []byte("a: &x\n  b/c: [1, {d~: 2}]\ne: *x\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		pointer string
		key     bool
		want    string
	}{
		{"/a/b~1c/1/d~0", false, "f.yaml:2:17"},
		{"/a/b~1c/1/d~0", true, "f.yaml:2:13"},
		{"/a/nothing/here", false, "f.yaml:1:4"},
		{"/e/b~1c/0", false, "f.yaml:2:9"},
		{"", false, "f.yaml:1:1"},
	} {
		if got := objects[0].At(c.pointer, c.key).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.pointer, got, c.want)
		}
	}
}

func TestJSONKeepsOrderAndSpelling(t *testing.T) {
	objects, err := manifest.Read("", []byte("z: 1.50e2\na: 0x10\nt: True\nn: ~\ns: '5'\nd: 2026-01-02\nl: [1, 9007199254740993]\nm: &m {k: v}\nr: *m\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := manifest.JSON(objects[0].Node)
	want := `{"z":1.50e2,"a":16,"t":true,"n":null,"s":"5","d":"2026-01-02","l":[1,9007199254740993],"m":{"k":"v"},"r":{"k":"v"}}`
	if err != nil || string(got) != want {
		t.Errorf("%s %v", got, err)
	}
}

func TestAliasBombIsAnError(t *testing.T) {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		ref := "*a" + string(rune('0'+i-1))
		text += "a" + string(rune('0'+i)) + ": &a" + string(rune('0'+i)) + " [" + strings.Repeat(ref+", ", 9) + ref + "]\n"
	}
	objects, err := manifest.Read("", []byte(text))
	if err != nil {
		return // refused at once: fine, too
	}
	if _, err := manifest.JSON(objects[0].Node); err == nil {
		t.Error("a hundred million values were accepted")
	}
}

// FuzzRead: any bytes give objects or an error with a file; no pointer panics; JSON is JSON.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"a: b", "a: |\n  x\n---\nb: 1\n", "{a: [1, {b: c}]}", "a: &x {b: *x}", "? [a]\n: b", "<<: {a: 1}", "a: !!binary x", "\ufeffa: 1", "a: 'x\n\n  y'\r\n"} {
		f.Add([]byte(seed), "/a/0/b", 3)
	}
	f.Fuzz(func(t *testing.T, text []byte, pointer string, offset int) {
		objects, err := manifest.Read("f.yaml", text)
		var bad *manifest.Error
		if err != nil && (!errors.As(err, &bad) || bad.File != "f.yaml" || bad.Reason == "") {
			t.Fatalf("an error without a place: %v", err)
		}
		if !strings.HasPrefix(pointer, "/") {
			pointer = ""
		}
		for _, o := range objects {
			o.Ref()
			o.At(pointer, true)
			o.Inside(pointer, offset, offset+2)
			if out, err := manifest.JSON(o.Node); err == nil && !json.Valid(out) {
				t.Fatalf("%q is no JSON", out)
			}
		}
	})
}
