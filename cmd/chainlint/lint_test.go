// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chainlint/chainlint/internal/schema"
	"github.com/chainlint/chainlint/pkg/lint"
)

// lintRun runs the command in a directory of files and returns what it prints.
func lintRun(t *testing.T, files map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	code = run(append([]string{"lint"}, args...), strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

const (
	publicChain = `apiVersion: v1
kind: ConfigMap
metadata: {name: eni-config, namespace: kube-system}
data:
  eni_conf: '{}'
  10-terway.conf: '{"type": "terway"}'
  10-terway.conflist: '{"plugins": [{"type": "terway", "symmetric_routing": true}]}'
`
	factsOf = "apiVersion: chainlint.dev/v1alpha1\nkind: ClusterFacts\nmetadata: {name: %s}\nspec: {terway: {version: v1.%d.0}, ipStack: ipv4}\n"
)

// TestThirtyClusters: each with facts of its own, in one run; a row each under --assume.
func TestThirtyClusters(t *testing.T) {
	files := map[string]string{".git/HEAD": ""}
	for i := range 30 {
		dir := fmt.Sprintf("clusters/c%02d/", i)
		files[dir+"eni-config.yaml"] = publicChain
		files[dir+"facts.yaml"] = fmt.Sprintf(factsOf, "c", i%10+8) // v1.8.0 to v1.17.0
	}
	code, stdout, stderr := lintRun(t, files, "--format", "json", "--assume", "terway.version=v1.16.0")
	var doc struct {
		Summary struct{ Chains, Errors int }
		Chains  []struct{ File, Facts string }
		Assumed struct{ Chains []struct{ Now, Then []any } }
	}
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil || code != exitOK || stderr != "" {
		t.Fatal(code, err, stderr)
	}
	now := 0
	for i, row := range doc.Assumed.Chains {
		now += min(len(row.Now), 1)
		if c := doc.Chains[i]; filepath.Dir(c.Facts) != filepath.Dir(c.File) {
			t.Errorf("%s is judged by %s", c.File, c.Facts)
		}
	}
	if doc.Summary.Chains != 30 || doc.Summary.Errors != 0 || now != 21 {
		t.Errorf("%d chains, %d errors under the assumption, %d chains with errors now, want 30, 0, 21", doc.Summary.Chains, doc.Summary.Errors, now)
	}
}

// TestHostileInput: one clear error with the file's name, no panic, in seconds, and the rest is linted.
func TestHostileInput(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("kind: ConfigMap\nmetadata: {name: eni-config}\na0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := range 12 {
		fmt.Fprintf(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i, i, i, i, i, i, i)
	}
	list := func(text string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: eni-config, namespace: kube-system}\ndata:\n  10-terway.conflist: '" + text + "'\n"
	}
	for name, c := range map[string]struct {
		text, want string
		code       int
	}{
		"aliases":         {bomb.String(), "", exitOK},
		"aliases in data": {bomb.String() + "data: {10-terway.conflist: *a12}\n", "data-not-text", exitRefused},
		"deep JSON":       {list(`{"plugins": [{"type": "terway", "a": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}]}`), "", exitOK},
		"deeper JSON":     {list(strings.Repeat("[", 100_000)), "eni-config.yaml:5:", exitRefused},
		"deep YAML":       {"eni-config: " + strings.Repeat("[", 100_000) + "\n", "it is no YAML", exitUnreadable},
		"large":           {"eni-config: " + strings.Repeat("x", 64<<20), "eni-config.yaml is larger than", exitUnreadable},
		"noise":           {"eni-config \x00\x01\xff", "it is no YAML text", exitUnreadable},
		"no UTF-8":        {"eni-config: \xff", "it is no YAML text", exitUnreadable},
		"one long line":   {list(strings.Repeat(" ", 1<<20)), "eni-config.yaml:5:", exitRefused},
		"a lone quote":    {"eni-config: \"", "it is no YAML", exitUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			files := map[string]string{"eni-config.yaml": c.text, "good/eni-config.yaml": publicChain}
			code, stdout, stderr := lintRun(t, files)
			if code != c.code || !strings.Contains(stdout+stderr, c.want) || !strings.Contains(stdout, "chain") || strings.Contains(stderr, "internal fault") {
				t.Errorf("exit %d, want %d and %q\n%.2000s\n%.2000s", code, c.code, c.want, stdout, stderr)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// TestUnreadable: what cannot be opened is told; loops of links end.
func TestUnreadable(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, link := range [][2]string{{"loop", "loop"}, {".", "here"}, {"nowhere", "eni-config.yaml"}} {
		if err := os.Symlink(link[0], link[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("good.yaml", []byte(publicChain), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("secret.yaml", []byte(publicChain), 0); err != nil {
		t.Fatal(err)
	}
	want := exitUnreadable
	if _, err := os.ReadFile("secret.yaml"); err == nil {
		want = exitOK // root reads everything
	}
	var out, errs bytes.Buffer
	code := run([]string{"lint", "good.yaml", "secret.yaml"}, strings.NewReader(""), &out, &errs)
	if code != want || want != exitOK && !strings.Contains(errs.String(), "secret.yaml: permission denied") {
		t.Errorf("exit %d, want %d: %s", code, want, errs.String())
	}
	out.Reset()
	run([]string{"lint", "."}, strings.NewReader(""), &out, &errs)
	if strings.Contains(out.String(), "here/") || !strings.Contains(out.String(), "good.yaml") {
		t.Error(out.String())
	}
}

func TestGitIsMissing(t *testing.T) {
	t.Setenv("PATH", "")
	if _, err := git(".", nil, "version"); err == nil || !strings.Contains(err.Error(), "needs git") {
		t.Error(err)
	}
}

// TestLintConfigIsItsSchema: a field that is in one and not in the other would be refused or lost.
func TestLintConfigIsItsSchema(t *testing.T) {
	text, _ := schema.Text("LintConfig")
	var doc struct {
		Properties struct {
			Spec struct{ Properties map[string]any }
		}
		Defs map[string]struct {
			Items struct{ Properties map[string]any }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what       string
		value      any
		properties map[string]any
	}{
		{"spec", lintConfig{}.spec, doc.Properties.Spec.Properties},
		{"waivers", lint.Waiver{}, doc.Defs["waivers"].Items.Properties},
	} {
		var fields []string
		for f := range reflect.ValueOf(c.value).Type().NumField() {
			if name, _, _ := strings.Cut(reflect.TypeOf(c.value).Field(f).Tag.Get("json"), ","); name != "" {
				fields = append(fields, name)
			}
		}
		slices.Sort(fields)
		if want := slices.Sorted(maps.Keys(c.properties)); !slices.Equal(fields, want) {
			t.Errorf("%s: Go type %v, schema %v", c.what, fields, want)
		}
	}
}
