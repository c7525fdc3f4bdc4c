// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chainlint/chainlint/internal/plugins"
)

// TestInspectNode: the real plugins tell their release, other programs are not run, and the first file is the
// runtime's.
func TestInspectNode(t *testing.T) {
	const release = "v1.6.2"
	built, err := plugins.Dir(t.Context(), release)
	if err != nil {
		t.Skip(err)
	}
	dir, lists, ran := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "ran")
	for name, text := range map[string]string{"10-terway.conflist": "{}", "10-terway.conf": "{}", "09-note.txt": ""} {
		write(t, filepath.Join(lists, name), text, 0o600)
	}
	for _, name := range []string{"portmap", "tuning"} {
		if err := os.Symlink(filepath.Join(built, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "terway"), "#!/bin/sh\ntouch "+ran+"\n", 0o755)
	write(t, filepath.Join(dir, "notes.txt"), "", 0o644)
	n, err := InspectNode(t.Context(), dir, lists)
	if err != nil {
		t.Fatal(err)
	}
	if len(n.Plugins) != 3 || n.Plugins["portmap"] != release || n.Plugins["tuning"] != release || n.Plugins["terway"] != "" {
		t.Errorf("plugins %v", n.Plugins)
	}
	if n.First != "10-terway.conf" || n.List != "{}" {
		t.Errorf("first %q, list %q", n.First, n.List)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program that is no reference plugin was run")
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
