// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/scan"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/render"
)

// past is the state before a change.
type past interface {
	// at are the chains that stood in a file of today.
	at(file string) []*lint.Chain
	// others are the chains of files that are no longer there.
	others() []*lint.Chain
}

// readPast opens --against. What of the past cannot be read is told and passed over: it was there before.
func (l *linter) readPast() (past, render.Problems) {
	against := l.flags.against
	if against == "" {
		return nil, nil
	}
	if rev, ok := strings.CutPrefix(against, "git:"); ok {
		if slices.Contains(l.paths, streamName) {
			return nil, input.Usage("lint: --against git:REV pairs files, and the stream is none: name the file of the state before")
		}
		return l.readGit(rev)
	}
	info, err := os.Stat(against)
	if err != nil {
		return nil, input.Unreadable(input.Plain(err))
	}
	p := &pastFiles{single: !info.IsDir(), dir: against, roots: l.roots, chains: map[string][]*lint.Chain{}}
	found := scan.Scan([]string{against})
	for _, f := range found.Files {
		p.add(l.app, f)
	}
	if p.single && len(p.chains) == 0 {
		return nil, input.Usage("lint: --against %s: there is no eni-config in it", against)
	}
	return p, nil
}

// pastChains are the chains of a file of the past.
func (a *app) pastChains(name string, text []byte) []*lint.Chain {
	f, err := readFile(name, text, false)
	if err != nil {
		a.say("the state before cannot be read, so no change is judged: %v", err)
	}
	if f == nil {
		return nil
	}
	return f.Chains
}

// pastFiles are a file, or a directory whose files pair by their relative names.
type pastFiles struct {
	single bool
	dir    string
	roots  []string
	chains map[string][]*lint.Chain
	asked  []string
}

func (p *pastFiles) add(a *app, f scan.File) {
	chains := a.pastChains(f.Name, f.Text)
	rel, err := filepath.Rel(p.dir, f.Name)
	if err == nil && len(chains) > 0 {
		p.chains[rel] = chains
	}
}

// at tries the name relative to the paths of the command line, then the name as it is.
func (p *pastFiles) at(file string) []*lint.Chain {
	names := []string{filepath.Clean(file), filepath.Base(file)}
	for _, root := range p.roots {
		if rel, err := filepath.Rel(root, file); err == nil && filepath.IsLocal(rel) && rel != "." {
			names = slices.Insert(names, 0, rel)
		}
	}
	for _, name := range names {
		if chains := p.chains[name]; chains != nil {
			p.asked = append(p.asked, name)
			return chains
		}
	}
	return nil
}

func (p *pastFiles) others() []*lint.Chain {
	var all []*lint.Chain
	for name, chains := range p.chains {
		if !slices.Contains(p.asked, name) {
			all = append(all, chains...)
		}
	}
	return all
}

// pair gives every chain its state before: by path, then by object.
func (l *linter) pair() {
	if l.past == nil {
		return
	}
	used := map[*lint.Chain]bool{}
	for _, s := range l.subjects {
		if s.chain.Before = samePlace(s, l.past.at(s.file.File)); s.chain.Before != nil {
			used[s.chain.Before] = true
		}
	}
	if len(used) < len(l.subjects) {
		l.pairMoved(used)
	}
	if len(l.subjects) > 0 && !slices.ContainsFunc(l.subjects, func(s *lintSubject) bool { return s.chain.Before != nil }) {
		l.fail(render.Problems{{Class: render.Warning, Code: "no-state-before", Offset: -1, Message: "--against " + l.flags.against + " holds no state before of any chain here, so no change was judged"}})
	}
}

// pairMoved pairs by object what has no state before with what is no longer there; of several with one name,
// nobody knows which went where.
func (l *linter) pairMoved(used map[*lint.Chain]bool) {
	left := map[manifest.Ref][]*lint.Chain{}
	for _, c := range l.past.others() {
		if !used[c] {
			left[c.Ref()] = append(left[c.Ref()], c)
		}
	}
	byRef := map[manifest.Ref][]*lintSubject{}
	for _, s := range l.subjects {
		if s.chain.Before == nil {
			byRef[s.chain.Ref()] = append(byRef[s.chain.Ref()], s)
		}
	}
	for ref, subjects := range byRef {
		if len(subjects) == 1 && len(left[ref]) == 1 {
			subjects[0].chain.Before = left[ref][0]
		}
	}
}

// samePlace is the chain of a file of the past that a chain of the same file today came from.
func samePlace(s *lintSubject, before []*lint.Chain) *lint.Chain {
	for _, c := range before {
		if c.Ref() == s.chain.Ref() {
			return c
		}
	}
	if len(before) == 1 && len(s.file.Chains) == 1 {
		return before[0]
	}
	return nil
}
