// SPDX-License-Identifier: Apache-2.0

package terway_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainlint/chainlint/pkg/terway"
)

// TestEffectiveEqualsTerwayCLI compares byte for byte with what the real v1.17.5 answered (TestRecord).
func TestEffectiveEqualsTerwayCLI(t *testing.T) {
	answers := readAnswers(t, filepath.Join("testdata", "terway-cli-v1.17.5.json"))
	if len(answers) != len(corpus()) {
		t.Fatalf("%d recorded answers for %d inputs: run `make upstream UPDATE=1`", len(answers), len(corpus()))
	}
	features, err := terway.FeaturesOf("v1.17.5", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range answers {
		t.Run(a.Name, func(t *testing.T) {
			got, err := terway.Effective(a.Data, terway.Node{Features: features, ExclusiveENI: a.Exclusive})
			var refusal *terway.Refusal
			switch {
			case err != nil && !errors.As(err, &refusal):
				t.Fatalf("%v is no refusal", err)
			case (err != nil) != a.Refused:
				t.Fatalf("refused: %v, terway-cli refused: %v\n%s", err, a.Refused, a.Conflist)
			case err != nil:
				if refusal.Reason == "" {
					t.Error("a refusal without a reason")
				}
			case got.Conflist != a.Conflist:
				t.Error(cmp.Diff(a.Conflist, got.Conflist))
			}
		})
	}
}
