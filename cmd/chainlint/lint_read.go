// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/scan"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/render"
)

// streamName is what findings call stdin.
const streamName = "-"

// read collects the chains of all paths. What cannot be read is told, and the rest is linted.
func (l *linter) read() {
	var roots []string
	for _, path := range slices.Compact(slices.Sorted(slices.Values(l.paths))) {
		if path == streamName {
			l.readStream()
			continue
		}
		roots = append(roots, path)
	}
	found := scan.Scan(roots)
	l.seen += found.Seen
	for _, p := range found.Problems {
		l.raise(l.tell(unreadable(p.Err)))
	}
	fragments := patchFiles(found.Kustomizations)
	for _, f := range found.Files {
		l.add(f.Name, f.Text, fragments[absolute(f.Name)])
	}
	l.scanned = found
}

func (l *linter) readStream() {
	l.seen++
	text, err := l.readText(streamName)
	if err != nil {
		l.raise(l.tell(unreadable(err)))
		return
	}
	l.add(streamName, text, false)
}

// add reads one file; without a chain and without a finding it is forgotten.
func (l *linter) add(name string, text []byte, fragment bool) {
	var s *lint.Source
	if filepath.Ext(name) == ".conflist" {
		s = lint.ReadList(name, text)
	} else {
		var err error
		if s, err = lint.ReadSource(name, text, fragment); err != nil {
			l.raise(l.tell(unreadable(err)))
			return
		}
	}
	if len(s.Chains) == 0 && len(s.Findings) == 0 {
		return
	}
	l.sources = append(l.sources, s)
	for _, c := range s.Chains {
		l.subjects = append(l.subjects, &lintSubject{source: s, chain: c})
	}
}

// patchFiles are the files that kustomizations apply as patches, by absolute name.
func patchFiles(kustomizations []scan.File) map[string]bool {
	files := map[string]bool{}
	for _, k := range kustomizations {
		objects, err := manifest.Read(k.Name, k.Text)
		if err != nil || len(objects) != 1 {
			continue // kustomize will say so; it need not be of our concern
		}
		for _, list := range []string{"patches", "patchesStrategicMerge", "patchesJson6902"} {
			for _, name := range patchNames(manifest.Get(objects[0].Node, list)) {
				files[absolute(filepath.Join(filepath.Dir(k.Name), name))] = true
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
		entry = manifest.Follow(entry)
		if entry.Kind == yaml.MappingNode {
			entry = manifest.Get(entry, "path")
		}
		if name := manifest.Text(entry); name != "" {
			names = append(names, name)
		}
	}
	return names
}

func absolute(name string) string {
	abs, err := filepath.Abs(name)
	if err != nil {
		return filepath.Clean(name)
	}
	return abs
}

// findFacts looks for the facts of every chain.
func (l *linter) findFacts() {
	for _, s := range l.subjects {
		o, ps := render.OnlyFacts(s.source.Objects)
		if ps == nil && o == nil && s.source.File != streamName {
			o, ps = nearestFacts(s.source.File)
		}
		if ps == nil && o != nil {
			s.facts, ps = render.ParseFacts(o)
		}
		l.raise(l.tell(ps))
	}
}
