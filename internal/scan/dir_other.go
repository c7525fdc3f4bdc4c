// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package scan

import (
	"io/fs"
	"os"
)

// entries calls each for every entry of a directory.
func entries(dir string, _ []byte, each func(name string, mode fs.FileMode)) error {
	all, err := os.ReadDir(dir)
	for _, e := range all {
		each(e.Name(), e.Type())
	}
	return err
}
