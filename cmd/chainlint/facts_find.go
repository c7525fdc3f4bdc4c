// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
)

// renderFacts are the facts from outside what is rendered: --facts, or, where the rendering brings none
// of its own, the nearest file walking up. Nil leaves the choice to the rendering.
func (a *app) renderFacts(in render.Input, files []string, factsFile string) (*manifest.Object, render.Problems) {
	if factsFile != "" {
		return a.factsFrom(factsFile)
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
	if start == "-" || start == stdinName {
		return nil, nil
	}
	return nearestFacts(start)
}

// factsFrom reads the one ClusterFacts of a file.
func (a *app) factsFrom(file string) (*manifest.Object, render.Problems) {
	objects, err := a.readObjects(file)
	if err != nil {
		return nil, unreadable(err)
	}
	facts, ps := render.OnlyFacts(objects)
	if ps == nil && facts == nil {
		return nil, usage("%s holds no ClusterFacts (apiVersion %s)", file, manifest.Group)
	}
	return facts, ps
}

// nearestFacts looks for a ClusterFacts from the place of a file or directory up to the root of its
// repository. Outside a repository only the place itself is looked at.
func nearestFacts(start string) (*manifest.Object, render.Problems) {
	dir, err := filepath.Abs(start)
	if err != nil {
		return nil, unreadable(err)
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	root := repositoryRoot(dir)
	for {
		facts, ps := factsIn(dir)
		if facts != nil || ps != nil {
			return facts, ps
		}
		if dir == root || dir == filepath.Dir(dir) {
			return nil, nil
		}
		dir = filepath.Dir(dir)
	}
}

func repositoryRoot(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

func factsIn(dir string) (*manifest.Object, render.Problems) {
	var all []*manifest.Object
	for _, pattern := range []string{"*.yaml", "*.yml"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, unreadable(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil || !bytes.Contains(text, []byte("ClusterFacts")) {
				continue
			}
			objects, err := manifest.Read(shown(name), text)
			if err != nil {
				return nil, unreadable(err)
			}
			all = append(all, objects...)
		}
	}
	return render.OnlyFacts(all)
}
