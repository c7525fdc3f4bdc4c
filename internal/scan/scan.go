// SPDX-License-Identifier: Apache-2.0

// Package scan finds the few files of a repository that can concern the linter.
package scan

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// File is a file with its text; UTF-16 is recoded to UTF-8.
type File struct {
	Name string
	Text []byte
}

// Problem is a file or directory that could not be read; Err is a whole sentence with its name.
type Problem struct {
	Name string
	Err  error
}

// Result is what a scan found, each list in the order of names.
type Result struct {
	// Files are those that were named, and those whose text can name eni-config or 10-terway.
	Files []File
	// Kustomizations are those that can apply one of Files as a patch.
	Kustomizations []File
	// Facts are the YAML files that can hold a ClusterFacts.
	Facts    []File
	Problems []Problem
	// Seen counts the files that were looked at.
	Seen int
}

// Scan looks through files and directories. What it cannot read is in the result.
func Scan(roots []string) *Result {
	r := &Result{}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				r.problem(name, err)
				return nil
			case d.IsDir() && d.Name() == ".git":
				return filepath.SkipDir
			case d.IsDir() || name != root && !slices.Contains([]string{".yaml", ".yml", ".json", ".conflist"}, filepath.Ext(name)) && d.Name() != "Kustomization":
				return nil
			}
			text, err := os.ReadFile(name)
			if err != nil {
				r.problem(name, err)
				return nil
			}
			r.Seen++
			f := File{name, text}
			if name == root || bytes.Contains(text, []byte("eni-config")) || bytes.Contains(text, []byte("10-terway")) {
				r.Files = append(r.Files, f)
			}
			if strings.HasPrefix(strings.ToLower(d.Name()), "kustomization") && bytes.Contains(text, []byte("patch")) {
				r.Kustomizations = append(r.Kustomizations, f)
			}
			if bytes.Contains(text, []byte("ClusterFacts")) {
				r.Facts = append(r.Facts, f)
			}
			return nil
		})
		if err != nil {
			r.problem(root, err)
		}
	}
	return r
}

func (r *Result) problem(name string, err error) {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	r.Problems = append(r.Problems, Problem{name, fmt.Errorf("read %s: %w", name, err)})
}
