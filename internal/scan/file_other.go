// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package scan

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// file is an open file.
type file struct{ *os.File }

func openFile(name string) (file, error) {
	f, err := os.Open(name)
	return file{f}, err
}

func (f file) close() { _ = f.Close() } // read only: nothing to lose

// stat leaves the id unknown: a file that is reached twice counts twice.
func (f file) stat() (info, error) {
	st, err := f.Stat()
	if err != nil {
		return info{}, err
	}
	return info{regular: st.Mode().IsRegular(), size: st.Size(), links: 1}, nil
}

// read returns 0 at the end.
func (f file) read(buf []byte) (int, error) {
	n, err := f.Read(buf)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// isGone tells whether a name leads nowhere, as a dangling link does.
func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
