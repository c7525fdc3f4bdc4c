// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/scan"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

// streamName is what findings call stdin.
const streamName = "-"

// maxStream is the most that is read of stdin. Of that, what concerns the chain must fit in MaxFile.
const maxStream = 256 << 20

// lintFile is a file that concerns the linter, as it is read.
type lintFile struct {
	*lint.Source
	fragment bool
	// lean is the text that was parsed, line by line that of the source or empty.
	lean []byte
}

// readFile reads one file. Nil without an error: it does not concern the linter.
func readFile(name string, text []byte, fragment bool) (*lintFile, error) {
	f := &lintFile{fragment: fragment, lean: lean(text)}
	if filepath.Ext(name) == ".conflist" {
		f.Source = lint.ReadList(name, text)
		return f, nil
	}
	source, err := lint.ReadSource(name, f.lean, fragment)
	if err != nil && len(f.lean) < len(text) {
		f.lean = text // perhaps something that was left out is needed
		source, err = lint.ReadSource(name, text, fragment)
	}
	switch {
	case err != nil && !namesChain(text):
		return nil, nil
	case err != nil:
		return nil, err
	case len(source.Chains) == 0 && len(source.Findings) == 0:
		return nil, nil
	}
	f.Source, source.Text = source, text
	return f, nil
}

// namesChain: a file that was named and has none of the two words never fails a run.
func namesChain(text []byte) bool {
	return bytes.Contains(text, []byte(terway.ConfigMapName)) || bytes.Contains(text, []byte("10-terway"))
}

// read collects the files of all paths. What cannot be read is told, and the rest is linted.
func (l *linter) read() {
	if slices.Contains(l.paths, streamName) {
		l.readStream()
	}
	l.scanned = scan.Scan(l.roots)
	l.seen += l.scanned.Seen
	for _, p := range l.scanned.Problems {
		l.fail(input.Unreadable(p.Err))
	}
	kustomizations := slices.Clip(l.scanned.Kustomizations)
	for _, root := range l.roots {
		kustomizations = append(kustomizations, kustomizationsAbove(root)...)
	}
	fragments := patchFiles(kustomizations)
	for _, f := range l.scanned.Files {
		if l.config.excludes(f.Name) && !l.named(f.Name) {
			continue
		}
		l.add(f.Name, f.Text, fragments[input.Absolute(f.Name)])
	}
}

// named tells whether a file itself is on the command line.
func (l *linter) named(file string) bool {
	return slices.ContainsFunc(l.roots, func(root string) bool { return filepath.Clean(root) == filepath.Clean(file) })
}

func (l *linter) readStream() {
	l.seen++
	text, err := l.UpTo(streamName, maxStream)
	if err == nil && len(text) > input.MaxFile {
		if text = lean(text); len(bytes.TrimSpace(text)) > input.MaxFile {
			err = fmt.Errorf("%s is larger than %d MiB, the most that is read at once: lint its files one by one", input.StdinName, input.MaxFile>>20)
		}
	}
	if err != nil {
		l.fail(input.Unreadable(err))
		return
	}
	l.add(streamName, text, false)
}

func (l *linter) add(name string, text []byte, fragment bool) {
	defer l.recover(name)
	l.tellUnbuilt(name, text)
	f, err := readFile(name, text, fragment)
	if err != nil {
		l.fail(input.Unreadable(err))
		return
	}
	if f != nil {
		l.files = append(l.files, f)
	}
}

// kustomizationsAbove are those of the directories around a path, up to the root of its repository: a patch
// may be linted by itself.
func kustomizationsAbove(path string) []scan.File {
	dir := filepath.Dir(input.Absolute(path))
	var files []scan.File
	for root := input.RepositoryRoot(dir); ; dir = filepath.Dir(dir) {
		for _, base := range konfig.RecognizedKustomizationFileNames() {
			name := filepath.Join(dir, base)
			if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() || info.Size() > input.MaxFile {
				continue
			}
			if text, err := os.ReadFile(name); err == nil && bytes.Contains(text, []byte("patch")) {
				files = append(files, scan.File{Name: name, Text: text})
			}
		}
		if dir == root || dir == filepath.Dir(dir) {
			return files
		}
	}
}

// patchFiles are the files that kustomizations apply as patches, by absolute name.
func patchFiles(kustomizations []scan.File) map[string]bool {
	files := map[string]bool{}
	for _, k := range kustomizations {
		objects, err := manifest.Read(k.Name, k.Text)
		if err != nil {
			continue // kustomize will say so; here it is of no concern
		}
		for _, o := range objects {
			for _, list := range []string{"patches", "patchesStrategicMerge", "patchesJson6902"} {
				for _, name := range patchNames(manifest.Get(o.Node, list)) {
					files[input.Absolute(filepath.Join(filepath.Dir(k.Name), name))] = true
				}
			}
		}
	}
	return files
}

// patchNames: an entry is a file's name, or has one under path. An inline patch names no file that exists.
func patchNames(list *yaml.Node) []string {
	if list == nil {
		return nil
	}
	var names []string
	for _, entry := range list.Content {
		if entry = manifest.Follow(entry); entry.Kind == yaml.MappingNode {
			entry = manifest.Get(entry, "path")
		}
		if name := manifest.Text(entry); name != "" {
			names = append(names, name)
		}
	}
	return names
}
