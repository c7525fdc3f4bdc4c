// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"slices"
	"strings"
)

// matches tells whether a pattern holds for a file's name, both relative with slashes: * stands for any part of
// a name, ** for any number of directories, and a directory for everything below it.
func matches(pattern, name string) bool {
	return matchSegments(strings.Split(filepath.ToSlash(filepath.Clean(pattern)), "/"), strings.Split(filepath.ToSlash(filepath.Clean(name)), "/"))
}

func matchSegments(pattern, name []string) bool {
	switch {
	case len(pattern) == 0 || len(pattern) == 1 && pattern[0] == ".":
		return true
	case pattern[0] == "**":
		return slices.ContainsFunc(tails(name), func(rest []string) bool { return matchSegments(pattern[1:], rest) })
	case len(name) == 0:
		return false
	}
	ok, err := filepath.Match(pattern[0], name[0])
	return ok && err == nil && matchSegments(pattern[1:], name[1:])
}

// tails of a list: all of it, all but the first, and so on to the empty one.
func tails(list []string) [][]string {
	all := make([][]string, len(list)+1)
	for i := range all {
		all[i] = list[i:]
	}
	return all
}

// validPattern tells whether every part of a pattern can be understood.
func validPattern(pattern string) bool {
	return !slices.ContainsFunc(strings.Split(pattern, "/"), func(part string) bool {
		_, err := filepath.Match(part, "")
		return err != nil
	})
}
