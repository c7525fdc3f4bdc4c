// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

var written = []string{JUnitFile, HTMLFile, JSONFile, MarkdownFile}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".chainlint-conformance-1.tmp"), []byte("left"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range fixtures { // each replaces the one before
		if err := Write(dir, fixture(t, name)); err != nil {
			t.Fatal(err)
		}
		if got := files(t, dir); !slices.Equal(got, written) {
			t.Errorf("%s: %v", name, got)
		}
		got, err := os.ReadFile(filepath.Join(dir, JSONFile))
		if err != nil || !bytes.Equal(got, must(Encode(fixture(t, name)))(t)) {
			t.Errorf("%s: another text: %v", name, err)
		}
		if info, err := os.Stat(filepath.Join(dir, HTMLFile)); err != nil || info.Mode() != 0o644 {
			t.Errorf("%v %v", info.Mode(), err)
		}
	}
}

// TestWriteSweeps: what a killed writer left goes, and nothing else.
func TestWriteSweeps(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".chainlint-conformance-123.tmp", ".chainlint-conformance-.tmp", "chainlint-conformance-1.tmp", "mine.tmp", "report.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".chainlint-conformance-dir.tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	want := []string{".chainlint-conformance-dir.tmp", "chainlint-conformance-1.tmp", "mine.tmp", "report.json"}
	if got := files(t, dir); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if err := Sweep(filepath.Join(dir, "absent")); err != nil {
		t.Error(err)
	}
}

// TestWriteKilled: a writer that is killed at any time leaves whole files, and what else it leaves is swept.
func TestWriteKilled(t *testing.T) {
	if dir := os.Getenv("REPORT_DIR"); dir != "" {
		for {
			if err := Write(dir, fixture(t, "no-go")); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir := t.TempDir()
	for i := range 8 {
		writer := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWriteKilled$")
		writer.Env = append(os.Environ(), "REPORT_DIR="+dir)
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(60+17*i) * time.Millisecond)
		_ = writer.Process.Kill()
		_ = writer.Wait()
		if _, err := os.Stat(filepath.Join(dir, JSONFile)); err == nil {
			if _, err := Read(dir); err != nil {
				t.Error(err)
			}
		}
	}
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range files(t, dir) {
		if !slices.Contains(written, name) {
			t.Errorf("%s is left", name)
		}
	}
}

// TestWriteMakesDirectory: the directory need not be there.
func TestWriteMakesDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := Write(dir, fixture(t, "go")); err != nil || len(files(t, dir)) != len(written) {
		t.Error(err)
	}
}

func TestWriteNowhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(file, fixture(t, "go")); err == nil {
		t.Error("a file was taken for a directory")
	}
}
