// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write SPECS.md")

const catalogueFile = "SPECS.md"

// TestCatalogue keeps SPECS.md what the specs say.
func TestCatalogue(t *testing.T) {
	want := Catalogue()
	if *update {
		if err := os.WriteFile(catalogueFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(catalogueFile)
	if err != nil || string(have) != want {
		t.Errorf("%s is not what the specs say (%v): go test ./conformance -run TestCatalogue -update", catalogueFile, err)
	}
}

var (
	specID   = regexp.MustCompile(`^[A-Z][A-Z0-9]+-\d{3}$`)
	mutantID = regexp.MustCompile(`^NC-\d{2}$`)
)

// TestSpecsAreWhole: what reports, documentation and selection rely on.
func TestSpecsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Specs() {
		switch {
		case seen[s.ID]:
			t.Errorf("%s is there twice", s.ID)
		case !specID.MatchString(s.ID):
			t.Errorf("%q is no ID", s.ID)
		case s.Name == "" || strings.HasSuffix(s.Name, ".") || s.Why == "" || !strings.HasSuffix(s.Why, "."):
			t.Errorf("%s: a name is a claim without a full stop, a reason has one: %q %q", s.ID, s.Name, s.Why)
		case s.Level != Core && s.Level != Ext || s.Evidence < 1 || s.Run == nil:
			t.Errorf("%s lacks level, evidence or a body", s.ID)
		case s.Own && s.For != Always:
			t.Errorf("%s brings its own chain, so no intent asks for it", s.ID)
		}
		seen[s.ID] = true
		for _, f := range s.Needs {
			if missingOutcome[f] == "" {
				t.Errorf("%s needs %q, which is no feature", s.ID, f)
			}
		}
	}
}

// TestMutantsAreWhole: each names specs that exist, or says why nothing can notice it.
func TestMutantsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Mutants() {
		if seen[m.ID] || !mutantID.MatchString(m.ID) {
			t.Errorf("%q is no ID, or is there twice", m.ID)
		}
		seen[m.ID] = true
		if (len(m.Kills) == 0) != (m.Equivalent != "") || m.Break == nil && m.Equivalent == "" {
			t.Errorf("%s must be noticed by somebody, or be equivalent", m.ID)
		}
		for _, k := range m.Kills {
			if Find(k.Spec) == nil {
				t.Errorf("%s is to be noticed by %s, which is no spec", m.ID, k.Spec)
			}
		}
	}
}
