// SPDX-License-Identifier: Apache-2.0

// Package scan finds the few files of a repository that can concern the linter, about as fast as grep
// finds a word.
package scan

import (
	"bytes"
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// File is a file with its text; UTF-16 is recoded to UTF-8.
type File struct {
	Name string
	Text []byte
}

// Problem is a file or directory that could not be read. Err is a whole sentence with the name in it.
type Problem struct {
	Name string
	Err  error
}

// Result is what a scan found, each list in the order of names.
type Result struct {
	// Files are those that were named, and those whose text can name eni-config or 10-terway once it is
	// decoded: no file that a full parse would find is missing, and some may be too many.
	Files []File
	// Kustomizations are those that can apply one of Files as a patch.
	Kustomizations []File
	// Facts are the YAML files that can hold a ClusterFacts.
	Facts    []File
	Problems []Problem
	// Seen counts the files that were looked at.
	Seen int
}

// Scan looks through files and directories. Directories are searched for *.yaml, *.yml, *.json,
// *.conflist and Kustomization; .git and symlinked directories are skipped. A file that is reached twice
// counts once. What cannot be read is among the problems.
func Scan(roots []string) *Result {
	s := newScanner()
	for _, root := range distinct(roots) {
		s.root(root)
	}
	return result(s.run())
}

func distinct(roots []string) []string {
	all := make([]string, len(roots))
	for i, root := range roots {
		all[i] = filepath.Clean(root)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// result puts together what the workers found.
func result(workers []*worker) *Result {
	r := &Result{}
	var all []found
	var ids []id
	twice := false
	for _, w := range workers {
		all, ids = append(all, w.found...), append(ids, w.seen...)
		r.Problems = append(r.Problems, w.problems...)
		twice = twice || w.twice
	}
	if twice {
		all, ids = once(all), distinctIDs(ids)
	}
	r.Seen = len(ids)
	slices.SortFunc(all, func(a, b found) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(r.Problems, func(a, b Problem) int { return strings.Compare(a.Name, b.Name) })
	r.Problems = slices.CompactFunc(r.Problems, func(a, b Problem) bool { return a.Name == b.Name })
	r.sort(all)
	return r
}

// sort hands every file to the lists that it belongs to.
func (r *Result) sort(all []found) {
	for _, f := range all {
		if f.origin == named || f.words.has(chainWord|terwayWord) {
			r.Files = append(r.Files, f.File)
		}
		if f.words.has(factsWord) {
			r.Facts = append(r.Facts, f.File)
		}
	}
	for _, f := range all {
		if f.words.has(patchWord) && appliesOne(f.Text, r.Files) {
			r.Kustomizations = append(r.Kustomizations, f.File)
		}
	}
}

// once keeps one name of every file: rather one that the user named, rather the file than a link to it.
func once(all []found) []found {
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(a.id.compare(b.id), cmp.Compare(a.origin, b.origin), strings.Compare(a.Name, b.Name))
	})
	return slices.CompactFunc(all, func(a, b found) bool { return a.id == b.id && a.id.known() })
}

func distinctIDs(ids []id) []id {
	slices.SortFunc(ids, id.compare)
	return slices.CompactFunc(ids, func(a, b id) bool { return a == b && a.known() })
}

// appliesOne tells whether a kustomization can name one of the files. Most name none; parsing them all
// would take longer than everything else.
func appliesOne(kustomization []byte, files []File) bool {
	if bytes.IndexByte(kustomization, '\\') >= 0 || hasTag(kustomization) {
		return true
	}
	last := ""
	for _, f := range files {
		base := filepath.Base(f.Name)
		if base != last && (!isPlain(base) || bytes.Contains(kustomization, []byte(base))) {
			return true
		}
		last = base
	}
	return false
}

// isPlain tells whether YAML writes a name in one way only, escapes aside.
func isPlain(name string) bool {
	return !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-'
	})
}
