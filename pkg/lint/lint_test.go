// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

var update = flag.Bool("update", false, "write what the cases should have compared with")

// today is the date that waivers are judged by in all cases.
const today = "2026-11-24"

// TestRules runs testdata/RULE.txtar: prose, then cases. Each case is a folder with the file to lint
// (eni-config.yaml, or another name), facts.yaml (the spec of a ClusterFacts), before/ (the state before)
// and want: what this rule reports, with the picture. A case without want must be silent.
func TestRules(t *testing.T) {
	for _, rule := range lint.Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			file := filepath.Join("testdata", rule.ID+".txtar")
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatalf("every rule has its page: %v", err)
			}
			fires, silent := 0, 0
			for _, c := range cases(archive) {
				got := c.lint(t, rule.ID)
				if got == "" {
					silent++
				} else {
					fires++
				}
				if *update {
					c.record(archive, got)
				} else if diff := cmp.Diff(c.files["want"], got); diff != "" {
					t.Errorf("%s: %s", c.name, diff)
				}
			}
			if fires == 0 || silent == 0 {
				t.Errorf("%d cases fire and %d are silent: there must be both", fires, silent)
			}
			if strings.TrimSpace(string(archive.Comment)) == "" {
				t.Error("the page has no prose")
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// ruleCase is one folder of an archive.
type ruleCase struct {
	name  string
	files map[string]string
}

func cases(archive *txtar.Archive) []*ruleCase {
	var all []*ruleCase
	for _, f := range archive.Files {
		name, rest, _ := strings.Cut(f.Name, "/")
		if len(all) == 0 || all[len(all)-1].name != name {
			all = append(all, &ruleCase{name, map[string]string{}})
		}
		all[len(all)-1].files[rest] = string(f.Data)
	}
	return all
}

// lint returns what one rule reports of the case, as the text format shows it.
func (c *ruleCase) lint(t *testing.T, rule string) string {
	t.Helper()
	var facts terway.Facts
	if err := yaml.UnmarshalStrict([]byte(c.files["facts.yaml"]), &facts); err != nil {
		t.Fatalf("%s/facts.yaml: %v", c.name, err)
	}
	var out strings.Builder
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range c.files {
			if name != "facts.yaml" && name != "want" && name != "wishes" && !strings.HasPrefix(name, "before/") && !yield(name) {
				return
			}
		}
	}) {
		source := c.read(t, name)
		if before, ok := c.files["before/"+name]; ok && len(source.Chains) > 0 {
			old, err := lint.ReadSource(name, []byte(before), false)
			if err != nil || len(old.Chains) != 1 {
				t.Fatalf("%s: %v", c.name, err)
			}
			source.Chains[0].Before = old.Chains[0]
		}
		findings := source.Findings
		var results []*lint.Result
		for _, chain := range source.Chains {
			wishes := c.files["wishes"]
			chain.Wishes = lint.Wishes{HostPorts: strings.Contains(wishes, "host-ports"), Public: strings.Contains(wishes, "public"), NoIPv6: strings.Contains(wishes, "no-ipv6")}
			results = append(results, lint.Lint(chain, facts))
		}
		about := lint.Waive(results, nil, today)
		for _, r := range results {
			findings = append(findings, r.Findings...)
			for _, m := range r.NotChecked {
				if m.Rule == rule {
					fmt.Fprintf(&out, "not checked without %s\n", strings.Join(m.Needs, ", "))
				}
			}
		}
		for _, f := range append(findings, about...) {
			if f.Rule.ID == rule {
				out.WriteString(f.Text() + lint.LinesOf(source.Text).Picture(f.Span))
			}
		}
	}
	return out.String()
}

func (c *ruleCase) read(t *testing.T, name string) *lint.Source {
	t.Helper()
	text := []byte(c.files[name])
	if strings.HasSuffix(name, ".conflist") {
		return lint.ReadList(name, text)
	}
	source, err := lint.ReadSource(name, text, false)
	if err != nil {
		t.Fatalf("%s/%s: %v", c.name, name, err)
	}
	return source
}

// record puts what was found behind the other files of the case.
func (c *ruleCase) record(archive *txtar.Archive, got string) {
	want := c.name + "/want"
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == want })
	if got == "" {
		return
	}
	last := 0
	for i, f := range archive.Files {
		if strings.HasPrefix(f.Name, c.name+"/") {
			last = i
		}
	}
	archive.Files = slices.Insert(archive.Files, last+1, txtar.File{Name: want, Data: []byte(got)})
}

// TestRulesAreComplete: what must be said of every rule, and that each has its own file and page.
func TestRulesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range lint.Rules() {
		switch {
		case seen[r.ID]:
			t.Errorf("%s is there twice", r.ID)
		case r.Title == "" || len(r.Sources) == 0 || r.Impact == "" || r.Proof == "":
			t.Errorf("%s: title, impact, proof and sources are needed", r.ID)
		}
		seen[r.ID] = true
		if _, err := os.Stat("rule_" + strings.ReplaceAll(r.ID, "-", "_") + ".go"); err != nil {
			t.Errorf("%s: %v", r.ID, err)
		}
	}
	for pattern, id := range map[string]func(string) string{
		"rule_*.go":        func(s string) string { return strings.ReplaceAll(s[len("rule_"):len(s)-len(".go")], "_", "-") },
		"testdata/*.txtar": func(s string) string { return s[len("testdata/") : len(s)-len(".txtar")] },
	} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !seen[id(file)] {
				t.Errorf("%s belongs to no rule", file)
			}
		}
	}
}
