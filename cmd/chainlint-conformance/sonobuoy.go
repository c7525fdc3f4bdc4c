// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chainlint/chainlint/conformance/report"
)

// What Sonobuoy's worker waits for in the directory that it names (vmware-tanzu/sonobuoy:pkg/plugin/constants.go): a
// file with the path of the results.
const (
	doneFile    = "done"
	resultsFile = "results.tar.gz"
)

// sonobuoyDir is where a plugin of Sonobuoy writes, "" where this is none.
func sonobuoyDir() string {
	return cmp.Or(os.Getenv("SONOBUOY_RESULTS_DIR"), os.Getenv("RESULTS_DIR"))
}

// handOver packs the reports below a directory and tells Sonobuoy where they are.
func handOver(dir string) error {
	packed, err := pack(dir)
	if err != nil {
		return err
	}
	results := filepath.Join(dir, resultsFile)
	return errors.Join(report.WriteFile(results, packed), report.WriteFile(filepath.Join(dir, doneFile), []byte(results)))
}

// pack is all that is in a directory, as an archive.
func pack(dir string) ([]byte, error) {
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	w := tar.NewWriter(zipped)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: filepath.ToSlash(name), Mode: 0o644, Size: int64(len(text))}); err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	})
	err = errors.Join(err, w.Close(), zipped.Close())
	return b.Bytes(), err
}
