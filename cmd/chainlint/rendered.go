// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// renderDirs checks or writes the committed rendering of every directory that holds a ChainRender.
func (a *app) renderDirs(f renderFlags) int {
	roots := f.files
	if len(roots) == 0 {
		roots = []string{"."}
	}
	code := exitOK
	for _, root := range roots {
		dirs, err := renderableDirs(root)
		if err != nil {
			code = max(code, a.tell(unreadable(err)))
			continue
		}
		if len(dirs) == 0 {
			code = max(code, a.tell(usage("%s holds no ChainRender, here or below: nothing was checked", root)))
		}
		for _, dir := range dirs {
			code = max(code, a.renderDir(f, dir))
		}
	}
	return code
}

// renderableDirs are the directories at or below root with a ChainRender in a file of their own.
func renderableDirs(root string) ([]string, error) {
	var dirs []string
	if _, err := os.Stat(root); err != nil {
		return nil, plain(err)
	}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return plain(err)
		case entry.IsDir() && name != root && (entry.Name() == renderedDir || strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case entry.IsDir() || !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)):
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return plain(err)
		}
		if dir := filepath.Dir(name); bytes.Contains(text, []byte("ChainRender")) && holdsConfig(name, text) && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
		return nil
	})
	return dirs, err
}

func holdsConfig(name string, text []byte) bool {
	objects, err := manifest.Read(name, text)
	if err != nil {
		return true // rendering will say what is wrong with it
	}
	return slices.ContainsFunc(objects, func(o *manifest.Object) bool { return render.IsOwn(o.Ref()) && o.Ref().Kind == "ChainRender" })
}

func (a *app) renderDir(f renderFlags, dir string) int {
	r, ps := a.renderFiles([]string{dir}, f.facts)
	code := a.tell(ps)
	if r == nil {
		return code
	}
	file := filepath.Join(dir, renderedDir, renderedFile)
	if f.check {
		return max(code, a.compare(file, r.stdout))
	}
	committed, err := os.ReadFile(file)
	if err == nil && bytes.Equal(committed, r.stdout) {
		return code
	}
	if err = os.MkdirAll(filepath.Dir(file), 0o755); err == nil {
		err = writeFile(file, r.stdout)
	}
	if err != nil {
		return max(code, a.tell(unreadable(err)))
	}
	a.say("wrote %s", file)
	return code
}

// compare reports drift as a diff on stdout. Values are compared, not bytes: a formatter may have
// been at the file.
func (a *app) compare(file string, rendered []byte) int {
	committed, err := os.ReadFile(file)
	if err != nil {
		return max(exitRefused, a.tell(render.Problems{{
			Class: render.Refused, Code: "drift", Message: "there is no committed rendering: run chainlint render --write " + filepath.Dir(filepath.Dir(file)),
			Position: manifest.Position{File: file}, Offset: -1,
		}}))
	}
	have, err := manifest.Read(file, committed)
	if err != nil {
		return a.tell(unreadable(err))
	}
	want, err := manifest.Read("", rendered)
	if err != nil {
		return a.tell(unreadable(err))
	}
	if reflect.DeepEqual(values(have), values(want)) {
		return exitOK
	}
	before, err1 := encode(hideENIConf(have))
	after, err2 := encode(hideENIConf(want))
	if err1 != nil || err2 != nil || bytes.Equal(before, after) {
		a.say("%s: eni_conf differs from the rendering (its value is not shown) [drift]", file)
		return exitRefused
	}
	a.say("%s differs from the rendering: run chainlint render --write %s [drift]", file, filepath.Dir(filepath.Dir(file)))
	_ = a.emit("", []byte(udiff.Unified(file, file+" (rendered)", string(before), string(after))))
	return exitRefused
}

func values(objects []*manifest.Object) []any {
	out := make([]any, len(objects))
	for i, o := range objects {
		_ = o.Node.Decode(&out[i])
	}
	return out
}

// hideENIConf replaces the value of eni_conf, which can hold credentials and is never shown.
func hideENIConf(objects []*manifest.Object) []*manifest.Object {
	for _, o := range objects {
		if o.Ref().Kind != "ConfigMap" {
			continue
		}
		if n := manifest.Get(o.Node, "data", terway.ENIConfKey); n != nil {
			*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "(not shown)"}
		}
	}
	return objects
}
