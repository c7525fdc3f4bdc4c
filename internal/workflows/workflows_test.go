// SPDX-License-Identifier: Apache-2.0

// Package workflows has the tests of .github/workflows, which run elsewhere.
package workflows

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rhysd/actionlint"
)

const dir = "../../.github/workflows"

func files(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(all) < 3 {
		t.Fatalf("%q, %v", all, err)
	}
	return all
}

func TestActionlint(t *testing.T) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := linter.LintFiles(files(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
}

var (
	uses   = regexp.MustCompile(`uses: (\S+)(.*)`)
	pinned = regexp.MustCompile(`^[\w-]+/[\w./-]+@[0-9a-f]{40}$`)
	tagged = regexp.MustCompile(`^ # v\d+\.\d+\.\d+$`)
)

// TestPinned: actions are named by hashes, which nobody can move, with the release beside them.
func TestPinned(t *testing.T) {
	for _, file := range files(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := uses.FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s uses no action", file)
		}
		for _, m := range found {
			if !pinned.MatchString(m[1]) || !tagged.MatchString(m[2]) {
				t.Errorf("%s: %s%s: name it by its hash, and the release behind it as # v1.2.3", file, m[1], m[2])
			}
		}
	}
}
