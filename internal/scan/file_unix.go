// SPDX-License-Identifier: Apache-2.0

//go:build unix

package scan

import (
	"errors"
	"io/fs"
	"syscall"
)

// file is an open file without the parts of os.File that wait for networks and terminals: thousands of
// small files are opened, and that is most of the time that a scan takes.
type file int

// openFile does not wait for the writer of a pipe.
func openFile(name string) (file, error) {
	return openFlags(name, syscall.O_NONBLOCK|syscall.O_NOCTTY)
}

func openFlags(name string, flags int) (file, error) {
	for {
		fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_CLOEXEC|flags, 0)
		if !errors.Is(err, syscall.EINTR) {
			return file(fd), err
		}
	}
}

func (f file) close() { _ = syscall.Close(int(f)) } // read only: nothing to lose

// stat tells what is open.
func (f file) stat() (info, error) {
	var st syscall.Stat_t
	if err := syscall.Fstat(int(f), &st); err != nil {
		return info{}, err
	}
	return info{
		regular: st.Mode&syscall.S_IFMT == syscall.S_IFREG, size: st.Size, links: uint64(st.Nlink),
		id: id{uint64(st.Dev), uint64(st.Ino)},
	}, nil
}

// read returns 0 at the end.
func (f file) read(buf []byte) (int, error) {
	for {
		n, err := syscall.Read(int(f), buf)
		if !errors.Is(err, syscall.EINTR) {
			return max(n, 0), err
		}
	}
}

// isGone tells whether a name leads nowhere, as a dangling link does, or to what cannot be opened, as a
// socket does.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENXIO)
}
