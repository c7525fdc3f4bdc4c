// SPDX-License-Identifier: Apache-2.0

package input

import (
	"os"
	"path/filepath"
	"strings"
)

// Shown is a path as people know it: relative to where they are.
func Shown(name string) string {
	here, err := os.Getwd()
	if err != nil {
		return name
	}
	if resolved, err := filepath.EvalSymlinks(here); err == nil {
		here = resolved
	}
	rel, err := filepath.Rel(here, name)
	if err != nil || strings.HasPrefix(rel, filepath.Join("..", "..", "..", "..")) {
		return name
	}
	return rel
}

// Absolute is a name without respect to where somebody is.
func Absolute(name string) string {
	abs, err := filepath.Abs(name)
	if err != nil {
		return filepath.Clean(name)
	}
	return abs
}

// Within tells whether a name is a directory or below it; both are absolute.
func Within(dir, name string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && filepath.IsLocal(rel)
}

// RepositoryRoot is the directory with .git around a directory, itself where there is none.
func RepositoryRoot(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}
