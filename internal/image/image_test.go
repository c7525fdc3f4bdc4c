// SPDX-License-Identifier: Apache-2.0

package image_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/internal/image"
)

// program builds a small one.
func program(t *testing.T, dir, name, cgo string) string {
	t.Helper()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nimport _ \"net\"\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, name)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", out, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return out
}

func TestImage(t *testing.T) {
	dir := t.TempDir()
	file := program(t, dir, "program", "0")
	built, err := image.Build(image.Programs{Chainlint: file, Conformance: file})
	if err != nil {
		t.Fatal(err)
	}
	config, err := built.ConfigFile()
	if err != nil || config.Config.User != "65534:65534" || config.Config.Entrypoint[0] != image.Chainlint {
		t.Errorf("%+v, %v", config.Config, err)
	}
	layers, err := built.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	text, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	if passwd := files(t, text)["etc/passwd"]; !strings.Contains(passwd, "nobody:x:65534:") {
		t.Errorf("/etc/passwd is %q", passwd)
	}
	var archive bytes.Buffer
	if err := image.Save(&archive, built, "example.com/a:1", "example.com/b:2"); err != nil {
		t.Fatal(err)
	}
	if manifest := files(t, &archive)["manifest.json"]; !strings.Contains(manifest, "example.com/a:1") || !strings.Contains(manifest, "example.com/b:2") {
		t.Errorf("the archive's manifest is %s", manifest)
	}
	if err := image.Save(io.Discard, built, "NO NAME"); err == nil {
		t.Error("a name that is none is taken")
	}
}

func files(t *testing.T, r io.Reader) map[string]string {
	t.Helper()
	all := map[string]string{}
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		all[h.Name] = string(text)
	}
}

// TestNeedsALoader: a program that is linked to the C library cannot start in the image.
func TestNeedsALoader(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip(err)
	}
	file := program(t, t.TempDir(), "program", "1")
	if _, err := image.Build(image.Programs{Chainlint: file, Conformance: file}); err == nil || !strings.Contains(err.Error(), "CGO_ENABLED=0") {
		t.Errorf("%v", err)
	}
}
