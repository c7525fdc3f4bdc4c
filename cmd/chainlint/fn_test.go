// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"

	"github.com/chainlint/chainlint/internal/krm"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/schema"
	"github.com/chainlint/chainlint/internal/schema/schematest"
)

// TestChainLintIsItsSchema: a field that is in one and not in the other would be refused or lost.
func TestChainLintIsItsSchema(t *testing.T) {
	text, _ := schema.Text(kindLint)
	var doc struct {
		Properties struct {
			Spec struct {
				Properties map[string]any `json:"properties"`
			} `json:"spec"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(maps.Keys(doc.Properties.Spec.Properties))
	if got := schematest.Fields(reflect.TypeFor[fnLintSpec]()); !slices.Equal(got, want) {
		t.Errorf("the type has %v, the schema %v", got, want)
	}
}

// FuzzLintFunction holds the promises of the function on any stdin when it lints: a ResourceList on stdout,
// the items in it as they came, at most four lines on stderr, no panic, no credentials, and the same answer
// again.
func FuzzLintFunction(f *testing.F) {
	for _, seed := range lintStreams(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		code, out, errs, linted := runLint(in)
		if !linted {
			return
		}
		if code < 0 || code > 3 || strings.Count(errs, "\n") > 4 || strings.Contains(errs, "internal fault") {
			t.Fatalf("exit code %d\n%s", code, errs)
		}
		if strings.Contains(errs, "SECRET") {
			t.Fatalf("credentials on stderr: %s", errs)
		}
		var list yaml.Node // a foreign item may hold a key twice; that is not ours to judge
		if err := yaml.Unmarshal([]byte(out), &list); err != nil || len(list.Content) == 0 || manifest.Text(manifest.Get(list.Content[0], "kind")) != "ResourceList" {
			t.Fatalf("exit code %d and no ResourceList: %v\n%s", code, err, out)
		}
		if code == 2 || code == 3 {
			return
		}
		before, results, _ := strings.Cut(out, "\nresults:\n")
		if strings.Contains(results, "SECRET") {
			t.Fatalf("credentials in the results: %s", results)
		}
		if strings.HasPrefix(in, "apiVersion: ") && !strings.Contains(in, "results:") && !strings.HasPrefix(in, before) && !strings.Contains(in, "\r") {
			t.Fatalf("the items changed from\n%s\nto\n%s", in, before)
		}
		if again, same, _, _ := runLint(out); again != code || same != out {
			t.Fatalf("the second run: exit %d after %d\n%s\nthen\n%s", again, code, out, same)
		}
	})
}

// runLint runs the function; linted is false where the stream asks for something else.
func runLint(in string) (code int, stdout, stderr string, linted bool) {
	var out, errs bytes.Buffer
	code = krm.Run(strings.NewReader(in), &out, &errs, func(config *manifest.Object) krm.Function {
		f := function(config)
		_, linted = f.(*fnLint)
		return f
	})
	return code, out.String(), errs.String(), linted
}

// lintStreams are those of the scripts.
func lintStreams(f *testing.F) []string {
	scripts, _ := filepath.Glob("testdata/script/fn_lint*.txtar")
	var all []string
	for _, name := range scripts {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		files := map[string]string{}
		for _, file := range archive.Files {
			files[file.Name] = string(file.Data)
		}
		for line := range strings.Lines(string(archive.Comment)) {
			words := strings.Fields(line)
			if len(words) < 3 || words[0] != "fn" {
				continue
			}
			var stream strings.Builder
			for _, part := range words[2:] {
				stream.WriteString(files[part])
			}
			all = append(all, stream.String())
		}
	}
	return all
}
