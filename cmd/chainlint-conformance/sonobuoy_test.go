// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/conformance/report"
)

func TestHandOver(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{report.JUnitFile, "gpu/" + report.JUnitFile} {
		if err := report.WriteFile(filepath.Join(dir, file), []byte("<testsuites/>")); err != nil {
			t.Fatal(err)
		}
	}
	if err := handOver(dir); err != nil {
		t.Fatal(err)
	}
	done, err := os.ReadFile(filepath.Join(dir, doneFile))
	if err != nil {
		t.Fatal(err)
	}
	if got := archived(t, string(done)); !slices.Equal(got, []string{"gpu/junit.xml", "junit.xml"}) {
		t.Errorf("the archive holds %q", got)
	}
}

func archived(t *testing.T, archive string) (all []string) {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // it was opened to be read
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, h.Name)
	}
}

// TestSonobuoyFails: a run that does not come about tells Sonobuoy so, or its worker would wait for hours.
func TestSonobuoyFails(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("SONOBUOY_RESULTS_DIR", dir)
	t.Setenv("KUBECONFIG", filepath.Join(dir, "none"))
	t.Setenv("HOME", dir)
	var out, said strings.Builder
	code := run(t.Context(), []string{"run", "--env", "cluster", "--image", "x"}, strings.NewReader(""), &out, &said)
	if code != exitCouldNotRun {
		t.Errorf("exit %d: %s", code, said.String())
	}
	if _, err := os.Stat(filepath.Join(dir, doneFile)); err != nil {
		t.Error(err)
	}
}
