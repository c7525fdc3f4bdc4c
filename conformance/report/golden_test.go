// SPDX-License-Identifier: Apache-2.0

package report

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the golden files should have been compared with")

// fixtures are reports as runs write them.
var fixtures = []string{"go", "no-go", "not-run"}

func fixture(t testing.TB, name string) *Report {
	t.Helper()
	r, err := Read(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if *update && r.Verdict.Word != DidNotRun {
		r.Verdict = Judge(r)
	}
	return r
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

// TestGolden compares every form of every fixture with testdata/FIXTURE.FORM. The page is compared without its
// style, which people look at.
func TestGolden(t *testing.T) {
	style := regexp.MustCompile(`(?s)<style>.*</style>`)
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) {
			r := fixture(t, name)
			encoded, junit, html := must(Encode(r))(t), must(JUnit(r))(t), must(HTML(r))(t)
			golden(t, name+".json", encoded)
			golden(t, name+".xml", junit)
			golden(t, name+".md", Markdown(r))
			golden(t, name+".txt", Text(r, false))
			golden(t, name+".html", style.ReplaceAll(html, []byte("<style></style>")))
		})
	}
}

func must(text []byte, err error) func(testing.TB) []byte {
	return func(t testing.TB) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
}

// TestGoldenColour: without its colours, the text for terminals is the other one.
func TestGoldenColour(t *testing.T) {
	codes := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for _, name := range fixtures {
		r := fixture(t, name)
		colored := Text(r, true)
		if !codes.Match(colored) {
			t.Errorf("%s: no colour although it was asked for", name)
		}
		if diff := cmp.Diff(string(Text(r, false)), string(codes.ReplaceAll(colored, nil))); diff != "" {
			t.Error(diff)
		}
	}
}

// TestGoldenComparison compares the forms of a comparison with testdata/compare-NAME.FORM.
func TestGoldenComparison(t *testing.T) {
	for name, c := range map[string]*Comparison{
		"upgrade": Compare(fixture(t, "go"), upgraded(t)),
		"same":    Compare(fixture(t, "go"), fixture(t, "go")),
		"other":   Compare(fixture(t, "go"), fixture(t, "no-go")),
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, "compare-"+name+".txt", c.Text(false))
			golden(t, "compare-"+name+".md", c.Markdown())
			golden(t, "compare-"+name+".json", must(c.JSON())(t))
		})
	}
}

// upgraded is the GO report after an upgrade: the plugins are newer, one class drifted, one port leaks, and one
// spec was not run.
func upgraded(t *testing.T) *Report {
	t.Helper()
	r := fixture(t, "go")
	for i := range r.Facts {
		if r.Facts[i].Name == "cniPlugins.version" {
			r.Facts[i].Value = "v1.9.1"
		}
	}
	for i := range r.Specs {
		switch s := &r.Specs[i]; s.ID {
		case "HP-004":
			s.Observations[1].Source, s.Observations[1].Class, s.Observations[1].WantClass = "10.0.1.6", "preserved", "preserved"
		case "HP-001":
			for j := range s.Observations {
				s.Observations[j].Target = "10.0.0.10:31999"
			}
		case "LIF-001":
			s.Outcome, s.Code, s.Reason = Fail, "timeout", "TCP from other-node to 10.0.0.10:20031 after the pod is gone: expected refused, got timeout"
		case "LL-004":
			s.Outcome, s.Evidence, s.Reason, s.Observations = Skipped, 0, "the pod did not start in time", nil
		}
	}
	r.Verdict = Judge(r)
	return r
}
