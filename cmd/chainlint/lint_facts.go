// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
)

// lintFacts finds the facts of chains: --facts, those of the same stream, the nearest file, the configuration.
type lintFacts struct {
	*app
	given  *manifest.Object
	config *lintConfig
	finder *input.FactsFinder
	// files are those that the configuration names, beside what stands in the chain's own file, parsed those that were decoded.
	files  map[string]ownFacts
	beside map[*lintFile]ownFacts
	parsed map[*manifest.Object]parsedFacts
}

// ownFacts are what one place has to say.
type ownFacts struct {
	object   *manifest.Object
	problems render.Problems
}

type parsedFacts struct {
	render.Facts
	problems render.Problems
}

func (l *linter) newLintFacts() *lintFacts {
	var dirs []string
	for _, path := range l.roots {
		if isDir(path) {
			dirs = append(dirs, input.Absolute(path))
		}
	}
	return &lintFacts{
		app: l.app, given: l.givenFacts, config: l.config, finder: input.NewFactsFinder(dirs, l.scanned.Facts),
		files: map[string]ownFacts{}, beside: map[*lintFile]ownFacts{}, parsed: map[*manifest.Object]parsedFacts{},
	}
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// of a chain: its facts, or none with what is wrong with them.
func (f *lintFacts) of(s *lintSubject) (render.Facts, render.Problems) {
	o, ps := f.find(s)
	if ps != nil || o == nil {
		return render.Facts{}, ps
	}
	known, ok := f.parsed[o]
	if !ok {
		known.Facts, known.problems = render.ParseFacts(o)
		f.parsed[o] = known
	}
	if known.problems != nil {
		return render.Facts{}, known.problems
	}
	return known.Facts, nil
}

func (f *lintFacts) find(s *lintSubject) (*manifest.Object, render.Problems) {
	if f.given != nil {
		return f.given, nil
	}
	beside, ok := f.beside[s.file]
	if !ok {
		beside.object, beside.problems = render.OnlyFacts(s.file.Objects)
		f.beside[s.file] = beside
	}
	o, ps := beside.object, beside.problems
	if o != nil || ps != nil || s.file.File == streamName {
		return o, ps
	}
	o, ps = f.finder.Nearest(s.file.File)
	if o != nil || ps != nil {
		return o, ps
	}
	return f.named(s.file.File)
}

// named are the facts that the configuration names.
func (f *lintFacts) named(file string) (*manifest.Object, render.Problems) {
	name, ps := f.config.factsFile(file)
	if name == "" {
		return nil, ps
	}
	here, ok := f.files[name]
	if !ok {
		here.object, here.problems = f.FactsFrom(input.Shown(name))
		f.files[name] = here
	}
	return here.object, here.problems
}
