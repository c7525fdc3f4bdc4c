// SPDX-License-Identifier: Apache-2.0

// Package whole writes files as a whole or not at all: readers see the old one or the new one, whenever the writer ends.
package whole

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Write lets write fill a file that takes the place of name, with that mode. What a writer that is killed leaves is in
// the same directory and matches the pattern of [Unfinished].
func Write(name string, mode os.FileMode, write func(io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), Unfinished)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone after the rename
	err = write(tmp)
	for _, step := range []func() error{func() error { return tmp.Chmod(mode) }, tmp.Sync} {
		if err == nil {
			err = step()
		}
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}

// Unfinished are the names of files that are being written, as a pattern of [filepath.Match].
const Unfinished = ".chainlint-*.tmp"

// Text is Write for a text.
func Text(name string, mode os.FileMode, text []byte) error {
	return Write(name, mode, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
