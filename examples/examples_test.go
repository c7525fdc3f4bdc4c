// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"path/filepath"
	"testing"

	embedded "github.com/chainlint/chainlint/examples"
)

// TestEmbedded: every overlay is in the binary, with what it takes to use it without kustomize.
func TestEmbedded(t *testing.T) {
	var names []string
	for _, dir := range overlays(t) {
		names = append(names, filepath.Base(dir))
		for _, file := range []string{"intents.yaml", "facts.yaml", "rendered/eni-config.yaml"} {
			text, err := embedded.Files.ReadFile(filepath.ToSlash(filepath.Join(dir, file)))
			if err != nil {
				t.Errorf("%v", err)
			}
			wantEqual(t, file, get(t, filepath.Join(dir, file)), string(text))
		}
	}
	wantEqual(t, "overlays", names, embedded.Overlays())
}
