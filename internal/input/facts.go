// SPDX-License-Identifier: Apache-2.0

package input

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/scan"
	"github.com/chainlint/chainlint/pkg/render"
)

// renderFacts are the facts from outside what is rendered: --facts, or, where the rendering brings none
// of its own, the nearest file walking up. Nil leaves the choice to the rendering.
func (r Reader) renderFacts(in render.Input, files []string, factsFile string) (*manifest.Object, render.Problems) {
	if factsFile != "" {
		return r.FactsFrom(factsFile)
	}
	own := in.Objects
	if in.Config != nil {
		own = append(own[:len(own):len(own)], in.Config)
	}
	for _, o := range own {
		named := manifest.Get(o.Node, "spec", "facts") != nil || manifest.Get(o.Node, "spec", "factsRef") != nil
		if render.IsOwn(o.Ref()) && (o.Ref().Kind == "ClusterFacts" || o.Ref().Kind == "ChainRender" && named) {
			return nil, nil
		}
	}
	// From where eni-config is; of what was composed, from the directory that was named.
	start := files[0]
	for _, o := range in.Objects {
		if render.IsENIConfig(o.Ref()) && o.File != "" {
			start = o.File
		}
	}
	if start == "-" || start == StdinName {
		return nil, nil
	}
	return NearestFacts(start)
}

// FactsFrom reads the one ClusterFacts of a file.
func (r Reader) FactsFrom(file string) (*manifest.Object, render.Problems) {
	objects, err := r.Objects(file)
	if err != nil {
		return nil, Unreadable(err)
	}
	facts, ps := render.OnlyFacts(objects)
	if ps == nil && facts == nil {
		return nil, Usage("%s holds no ClusterFacts (apiVersion %s)", file, manifest.Group)
	}
	return facts, ps
}

// NearestFacts looks for a ClusterFacts from the place of a file or directory up to the root of its
// repository. Outside a repository only the place itself is looked at.
func NearestFacts(start string) (*manifest.Object, render.Problems) {
	return NewFactsFinder(nil, nil).Nearest(start)
}

// FactsFinder looks for facts, at each directory once.
type FactsFinder struct {
	// scanned are directories that were read already, as absolute names, with everything below; read is
	// what can hold facts in them, by directory.
	scanned []string
	read    map[string][]scan.File
	known   map[string]factsHere
}

// factsHere is what one directory has to say.
type factsHere struct {
	object   *manifest.Object
	problems render.Problems
}

// NewFactsFinder makes a finder. scanned are directories of which files, the YAML files that can hold facts,
// were read already, with everything below; both are nil for none.
func NewFactsFinder(scanned []string, files []scan.File) *FactsFinder {
	f := &FactsFinder{scanned: scanned, read: map[string][]scan.File{}, known: map[string]factsHere{}}
	for _, file := range files {
		dir := filepath.Dir(Absolute(file.Name))
		f.read[dir] = append(f.read[dir], file)
	}
	return f
}

// Nearest is as [NearestFacts].
func (f *FactsFinder) Nearest(start string) (*manifest.Object, render.Problems) {
	dir := Absolute(start)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	root := RepositoryRoot(dir)
	for {
		here := f.in(dir)
		if here.object != nil || here.problems != nil || dir == root || dir == filepath.Dir(dir) {
			return here.object, here.problems
		}
		dir = filepath.Dir(dir)
	}
}

func (f *FactsFinder) in(dir string) factsHere {
	here, ok := f.known[dir]
	if !ok {
		files := f.read[dir]
		if !slices.ContainsFunc(f.scanned, func(root string) bool { return Within(root, dir) }) {
			files = factsFiles(dir)
		}
		here.object, here.problems = onlyFactsOf(files)
		f.known[dir] = here
	}
	return here
}

// factsFiles are the files of a directory that can hold a ClusterFacts.
func factsFiles(dir string) []scan.File {
	entries, _ := os.ReadDir(dir) // what cannot be read holds no facts
	var files []scan.File
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		info, err := os.Stat(name)
		if !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)) || err != nil || !info.Mode().IsRegular() || info.Size() > MaxFile {
			continue
		}
		if text, err := os.ReadFile(name); err == nil {
			files = append(files, scan.File{Name: Shown(name), Text: text})
		}
	}
	return files
}

func onlyFactsOf(files []scan.File) (*manifest.Object, render.Problems) {
	var all []*manifest.Object
	for _, file := range files {
		if !bytes.Contains(file.Text, []byte("ClusterFacts")) {
			continue
		}
		objects, err := manifest.Read(file.Name, file.Text)
		if err != nil && bytes.Contains(file.Text, []byte("{{")) {
			continue // a template holds the facts of nobody
		}
		if err != nil {
			return nil, Unreadable(err)
		}
		all = append(all, objects...)
	}
	return render.OnlyFacts(all)
}
