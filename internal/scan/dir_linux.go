// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// Where things are in an entry of a directory, as the system call getdents64 gives it.
const (
	entryLength = 16
	entryType   = 18
	entryName   = 19
)

// entries calls each for every entry of a directory. It is os.ReadDir without an object for every entry,
// which takes a good part of the time where directories are small.
func entries(dir string, buf []byte, each func(name string, mode fs.FileMode)) error {
	fd, err := openFlags(dir, syscall.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer fd.close()
	for {
		n, err := syscall.ReadDirent(int(fd), buf)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || n <= 0 {
			return err
		}
		for rest := buf[:n]; len(rest) > entryName; {
			length := max(entryName, min(len(rest), int(binary.NativeEndian.Uint16(rest[entryLength:]))))
			entry := rest[:length]
			rest = rest[length:]
			name, _, _ := bytes.Cut(entry[entryName:], []byte{0})
			if s := string(name); s != "." && s != ".." {
				each(s, mode(dir, s, entry[entryType]))
			}
		}
	}
}

// mode is what an entry is; a file system need not say.
func mode(dir, name string, kind byte) fs.FileMode {
	switch kind {
	case syscall.DT_REG:
		return 0
	case syscall.DT_DIR:
		return fs.ModeDir
	case syscall.DT_LNK:
		return fs.ModeSymlink
	case syscall.DT_UNKNOWN:
		if st, err := os.Lstat(join(dir, name)); err == nil {
			return st.Mode().Type()
		}
	}
	return fs.ModeIrregular
}
