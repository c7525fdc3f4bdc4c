// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chainlint/chainlint/internal/whole"
)

// unwritten says which file could not be written, and why; the temporary one beside it concerns nobody.
func unwritten(name string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return fmt.Errorf("write %s: %w", name, err)
}

// writeFile replaces a file as a whole or not at all, keeping its mode and its line ends.
func writeFile(name string, text []byte) error {
	if before, err := os.ReadFile(name); err == nil && bytes.Contains(before, []byte("\r\n")) {
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	}
	return replaceFile(name, text)
}

// replaceFile puts these bytes in a file's place as a whole or not at all, keeping its mode.
func replaceFile(name string, text []byte) error {
	mode := os.FileMode(0o644)
	if info, err := os.Stat(name); err == nil {
		if mode = info.Mode(); !mode.IsRegular() && !mode.IsDir() {
			return os.WriteFile(name, text, 0) // a pipe or /dev/null is written to, not replaced
		}
		mode = mode.Perm()
		if target, err := filepath.EvalSymlinks(name); err == nil {
			name = target
		}
	}
	return whole.Text(name, mode, text)
}
