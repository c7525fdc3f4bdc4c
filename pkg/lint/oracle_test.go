// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/containernetworking/cni/libcni"
	"golang.org/x/tools/txtar"

	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

// TestLibcniAgrees asks the runtime's own library about the list that Terway would write for every case of
// every page: it refuses exactly those with a finding of impact node.
func TestLibcniAgrees(t *testing.T) {
	features, err := terway.FeaturesOf(terway.Newest, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range lint.Rules() {
		archive, err := txtar.ParseFile(filepath.Join("testdata", rule.ID+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases(archive) {
			source, err := lint.ReadSource("eni-config.yaml", []byte(c.files["eni-config.yaml"]), false)
			if err != nil || len(source.Chains) != 1 {
				continue
			}
			chain := source.Chains[0]
			data := map[string]string{terway.ConfKey: `{"type":"terway"}`}
			for key, text := range chain.Texts {
				data[key] = text
			}
			result, err := terway.Effective(data, terway.Node{Features: features, PartialData: true})
			if err != nil {
				continue
			}
			file := filepath.Join(t.TempDir(), "10-terway.conflist")
			if err := os.WriteFile(file, []byte(result.Conflist), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = libcni.ConfListFromFile(file) // from bytes it takes a list without plugins
			predicted := false
			for _, f := range lint.Lint(chain, terway.Facts{PoolFacts: terway.PoolFacts{Terway: terway.BuildFacts{Version: terway.Newest}}}).Findings {
				predicted = predicted || f.Impact == lint.Node
			}
			if predicted != (err != nil) {
				t.Errorf("%s/%s: predicted %v, libcni: %v", rule.ID, c.name, predicted, err)
			}
		}
	}
}
