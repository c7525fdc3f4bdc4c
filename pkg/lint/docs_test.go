// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainlint/chainlint/pkg/lint"
)

// TestCatalogue holds RULES.md against the rules and their examples.
func TestCatalogue(t *testing.T) {
	const command = "go test ./pkg/lint -run TestCatalogue -update"
	got := rulesMarkdown(command)
	if *update {
		if err := os.WriteFile("RULES.md", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile("RULES.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("RULES.md is not what the rules say; run: %s\n%s", command, diff)
	}
}

// rulesMarkdown is a table of all rules, and their pages.
func rulesMarkdown(command string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "<!-- SPDX-License-Identifier: Apache-2.0 -->\n<!-- Written by %s -->\n\n# Rules\n\n", command)
	fmt.Fprintf(&out, "Rule set %s: %d rules. `chainlint rules` prints this table, `chainlint explain RULE` a page.\n"+
		"Severity and impact are the worst that a rule reports.\n\n", lint.RuleSet, len(lint.Rules()))
	out.WriteString("| rule | severity | impact | what is wrong |\n|---|---|---|---|\n")
	for _, r := range lint.Rules() {
		fmt.Fprintf(&out, "| [%s](#%s) | %s | `%s` | %s |\n", r.ID, r.ID, r.Severity(), r.Impact, strings.ReplaceAll(r.Title, "|", `\|`))
	}
	for _, r := range lint.Rules() {
		out.WriteString("\n#" + r.Page()) // a level below the title
	}
	return out.String()
}

var exampleFinding = regexp.MustCompile(`(?m): (error|warning|info): .* \(([a-z-]+)\) \[([a-z0-9-]+)\]$`)

// TestWorst: no example shows anything worse than the rule says of itself.
func TestWorst(t *testing.T) {
	for _, r := range lint.Rules() {
		for _, m := range exampleFinding.FindAllStringSubmatch(read(t, filepath.Join("testdata", r.ID+".txtar")), -1) {
			if lint.Impact(m[2]).Rank() < r.Impact.Rank() || lint.Severity(m[1]).Rank() < r.Severity().Rank() {
				t.Errorf("%s is %s (%s) at worst, and an example shows %s (%s)", r.ID, r.Impact, r.Severity(), m[2], m[1])
			}
		}
	}
}

// TestPagesAreComplete: each shows what is reported and what is not.
func TestPagesAreComplete(t *testing.T) {
	for _, r := range lint.Rules() {
		page := r.Page()
		for _, part := range []string{"# " + r.ID + "\n", "\nReported:\n", "[" + r.ID + "]\n", "\nHow it is known: ", "\n- " + r.Sources[0]} {
			if !strings.Contains(page, part) {
				t.Errorf("the page of %s lacks %q:\n%s", r.ID, part, page)
			}
		}
		if strings.Contains(page, "\nWrite instead:\n") == strings.Contains(page, "\nNot reported of the same:\n") {
			t.Errorf("the page of %s must show what to write instead, or which facts make it right", r.ID)
		}
		if strings.Count(page, "\n```")%2 != 0 {
			t.Errorf("%s: a code block is left open", r.ID)
		}
	}
}
