// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
)

// maxFile is the most that is read of a file.
const maxFile = 10 << 20

// info is what an open file is.
type info struct {
	regular bool
	size    int64
	links   uint64
	id      id
}

// id tells files apart whatever they are called; the zero one is not known.
type id struct{ device, inode uint64 }

func (a id) known() bool { return a != id{} }

func (a id) compare(b id) int {
	return cmp.Or(cmp.Compare(a.device, b.device), cmp.Compare(a.inode, b.inode))
}

// unreadable says "read NAME: permission denied" where Go says "open NAME: ...".
func unreadable(name string, err error) Problem {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return Problem{name, &fs.PathError{Op: "read", Path: name, Err: err}}
}

func tooLarge(name string) Problem {
	return Problem{name, fmt.Errorf("%s is larger than %d MiB, the most that is read", name, maxFile>>20)}
}

func notRegular(name string) Problem {
	return Problem{name, fmt.Errorf("%s is not a regular file: a stream is read from standard input, as -", name)}
}
