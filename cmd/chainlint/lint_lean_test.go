// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainlint/chainlint/pkg/lint"
)

// bulk has a thousand objects that nobody asks for, one eni-config among them, as documents or as a List.
func bulk(list bool, lineBreak string) string {
	var b strings.Builder
	if list {
		b.WriteString("apiVersion: v1\nitems:\n")
	}
	for i := range 1000 {
		object := fmt.Sprintf("apiVersion: v1\ndata:\n  a: |\n    items:\n    - %s\n    ---\nkind: ConfigMap\nmetadata: {name: n%d}\n", strings.Repeat("x", 300), i)
		if i == 700 {
			object = publicChain + "# why\n"
		}
		if list {
			object = "- " + strings.TrimSuffix(strings.ReplaceAll(object, "\n", "\n  "), "  ")
		} else {
			object = "---\n" + object
		}
		b.WriteString(object)
	}
	if list {
		b.WriteString("kind: List\nmetadata:\n  resourceVersion: \"\"\n")
	}
	return strings.ReplaceAll(b.String(), "\n", lineBreak)
}

// TestLean: a lean text has the chain of the whole text, at its place, and little else.
func TestLean(t *testing.T) {
	for name, text := range map[string]string{
		"documents": bulk(false, "\n"), "list": bulk(true, "\n"), "list with CRLF": bulk(true, "\r\n"),
	} {
		short := lean([]byte(text))
		if got, want := bytes.Count(short, []byte("\n")), strings.Count(text, "\n"); got != want || len(short) > 30_000 {
			t.Errorf("%s: %d lines of %d, %d bytes", name, got, want, len(short))
		}
		var found [2][]string
		for i, text := range [][]byte{[]byte(text), short} {
			source, err := lint.ReadSource("f", text, false)
			if err != nil {
				t.Fatal(name, err)
			}
			for _, c := range source.Chains {
				found[i] = append(found[i], c.Object.At("/data/10-terway.conflist", false).String())
			}
		}
		if diff := cmp.Diff(found[0], found[1]); diff != "" || len(found[0]) != 1 {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, text := range []string{"", "eni-config", "a: \u2028" + bulk(false, "\n")} {
		if string(lean([]byte(text))) != text {
			t.Errorf("%.20q was changed", text)
		}
	}
}

// TestFixInBulk: what was left out of the lean text stays as it was.
func TestFixInBulk(t *testing.T) {
	before := strings.Replace(bulk(true, "\n"), `"symmetric_routing": true}`, `"symmetric_routing": true},`, 1)
	if code, _, stderr := lintRun(t, map[string]string{"a.yaml": before}, "--fix", "a.yaml"); code != exitOK || !strings.Contains(stderr, "repaired a.yaml") {
		t.Fatal(code, stderr)
	}
	after, err := os.ReadFile("a.yaml")
	if diff := cmp.Diff(strings.Split(bulk(true, "\n"), "\n"), strings.Split(string(after), "\n")); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
