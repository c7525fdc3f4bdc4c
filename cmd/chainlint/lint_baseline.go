// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// baseline is a file of findings that were there on a day and do not count from then on.
type baseline struct {
	Version int             `json:"version"`
	Entries []baselineEntry `json:"entries"`
}

// baselineEntry stands for findings that differ in nothing but their line: lines move, so they are not told.
type baselineEntry struct {
	findingKey
	Count int `json:"count"`
}

// findingKey finds a finding again after edits elsewhere.
type findingKey struct {
	Rule string `json:"rule"`
	// File is relative to the baseline.
	File string `json:"file,omitempty"`
	// Object is "v1 ConfigMap kube-system/eni-config".
	Object string `json:"object,omitempty"`
	Key    string `json:"key,omitempty"`
	// Pointer has the type of a plugin in place of its index.
	Pointer string `json:"pointer,omitempty"`
}

func keyOf(f *lint.Finding, dir string) findingKey {
	key := findingKey{Rule: f.Rule.ID, File: f.File, Key: f.Key, Pointer: f.Pointer}
	if rel, err := filepath.Rel(dir, input.Absolute(f.File)); err == nil && f.File != streamName {
		key.File = filepath.ToSlash(rel)
	}
	if f.Object != (manifest.Ref{}) {
		key.Object = f.Object.APIVersion + " " + f.Object.String()
	}
	if f.PluginType != "" {
		key.Pointer = namedPointer(f)
	}
	return key
}

// namedPointer puts the plugin's type in the place of its index.
func namedPointer(f *lint.Finding) string {
	tokens := strings.Split(f.Pointer, "/")
	at := 2 // /plugins/1
	if f.Key == terway.CNIChainKey {
		at = 1 // /1
	}
	if len(tokens) > at {
		tokens[at] = strings.NewReplacer("~", "~0", "/", "~1").Replace(f.PluginType)
	}
	return strings.Join(tokens, "/")
}

func compareKeys(a, b findingKey) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Key, b.Key),
		cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Rule, b.Rule))
}

func readBaseline(file string) (*baseline, render.Problems) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, input.Unreadable(input.Plain(err))
	}
	b := &baseline{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	switch err := d.Decode(b); {
	case err != nil:
		return nil, input.Usage("%s is no baseline: %v", file, err)
	case b.Version != 1:
		return nil, input.Usage("%s is a baseline of version %d, and this chainlint knows version 1", file, b.Version)
	}
	return b, nil
}

// apply marks findings that the baseline knows, each entry as often as it counts.
func (b *baseline) apply(findings []*lint.Finding, dir string) {
	if b == nil {
		return
	}
	left := map[findingKey]int{}
	for _, e := range b.Entries {
		left[e.findingKey] += e.Count
	}
	for _, f := range findings {
		if key := keyOf(f, dir); f.Waiver == nil && left[key] > 0 {
			f.Known = true
			left[key]--
		}
	}
}

// gone counts the entries that no longer occur, of files that covered tells to be part of this run.
func (b *baseline) gone(findings []*lint.Finding, dir string, covered func(file string) bool) int {
	found := map[findingKey]int{}
	for _, f := range findings {
		if f.Waiver == nil {
			found[keyOf(f, dir)]++
		}
	}
	gone := 0
	for _, e := range b.Entries {
		if e.File != streamName && found[e.findingKey] < e.Count && covered(filepath.Join(dir, filepath.FromSlash(e.File))) {
			gone++
		}
	}
	return gone
}

// newBaseline has an entry for every finding that nobody waived.
func newBaseline(findings []*lint.Finding, dir string) *baseline {
	counts := map[findingKey]int{}
	for _, f := range findings {
		if f.Waiver == nil {
			counts[keyOf(f, dir)]++
		}
	}
	b := &baseline{Version: 1, Entries: []baselineEntry{}}
	for key, count := range counts {
		b.Entries = append(b.Entries, baselineEntry{key, count})
	}
	slices.SortFunc(b.Entries, func(a, b baselineEntry) int { return compareKeys(a.findingKey, b.findingKey) })
	return b
}

// saveBaseline writes the findings of today, unless some files could not be judged.
func (l *linter) saveBaseline() {
	file := l.flags.writeBaseline
	switch {
	case file == "":
		return
	case l.code > exitRefused:
		l.say("%s was not written, because the findings are not all there", file)
		return
	}
	findings := l.findings()
	b := newBaseline(findings, filepath.Dir(input.Absolute(file)))
	text, err := json.MarshalIndent(b, "", "  ")
	if err == nil {
		err = writeFile(file, append(text, '\n'))
	}
	if err != nil {
		l.fail(input.Unreadable(unwritten(file, err)))
		return
	}
	for _, f := range findings {
		f.Known = f.Waiver == nil
	}
	verb := "do"
	if len(findings) == 1 {
		verb = "does"
	}
	l.say("wrote %s: %s %s not count from now on", file, counted(len(findings), "finding"), verb)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
