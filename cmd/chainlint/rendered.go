// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/chainlint/chainlint/internal/input"
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
			code = max(code, a.tell(input.Unreadable(err)))
			continue
		}
		if len(dirs) == 0 {
			code = max(code, a.tell(input.Usage("%s holds no ChainRender, here or below: nothing was checked", root)))
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
	resolved, err := filepath.EvalSymlinks(root)
	if err != nil {
		return nil, input.Plain(err)
	}
	root = resolved // WalkDir does not enter a link
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return input.Plain(err)
		case entry.IsDir() && name != root && (entry.Name() == input.RenderedDir || strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case entry.IsDir() || !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name)):
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return input.Plain(err)
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
	config, ps := render.OnlyConfig(objects)
	return config != nil || ps != nil || err != nil // rendering will say what is wrong with it
}

func (a *app) renderDir(f renderFlags, dir string) int {
	r, ps := a.Render([]string{dir}, f.facts)
	code := a.tell(ps)
	if r == nil {
		return code
	}
	file := filepath.Join(dir, input.RenderedDir, renderedFile)
	if f.check {
		return max(code, a.compare(file, r.Text))
	}
	if committed, err := os.ReadFile(file); err == nil {
		if have, want, err := readBoth(file, committed, r.Text); err == nil && sameValues(have, want) {
			return code
		}
	}
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = writeFile(file, r.Text)
	}
	if err != nil {
		return max(code, a.tell(input.Unreadable(unwritten(file, err))))
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
	have, want, err := readBoth(file, committed, rendered)
	if err != nil {
		return a.tell(input.Unreadable(err))
	}
	if sameValues(have, want) {
		return exitOK
	}
	dir := filepath.Dir(filepath.Dir(file))
	before, after := outline(have), outline(want)
	if before == after {
		a.say("%s: eni_conf or metadata differs from the rendering, whose values are not shown: run chainlint render --write %s [drift]", file, dir)
		return exitRefused
	}
	a.say("%s differs from the rendering: run chainlint render --write %s [drift]", file, dir)
	_ = a.emit("", []byte(udiff.Unified(file, file+" (rendered)", before, after)))
	return exitRefused
}

// outline is what a diff may show: of eni-config the keys that make the chain, of every object that
// something else of it differs, as a fingerprint. Objects can hold secrets, and eni_conf does.
func outline(objects []*manifest.Object) string {
	var b strings.Builder
	for _, o := range objects {
		fmt.Fprintf(&b, "%s %s\n", o.Ref().APIVersion, o.Ref())
		shownKeys := map[string]any{}
		if render.IsENIConfig(o.Ref()) {
			for _, key := range append(slices.Clone(terway.ChainKeys), terway.PolicyKey) {
				if n := manifest.Get(o.Node, "data", key); n != nil {
					fmt.Fprintf(&b, "  %s:\n%s", key, indent(n.Value))
					shownKeys[key] = true
				}
			}
		}
		for _, name := range []string{render.HashAnnotation, render.PartialAnnotation} {
			if n := manifest.Get(o.Node, "spec", "template", "metadata", "annotations", name); n != nil {
				fmt.Fprintf(&b, "  %s: %s\n", name, n.Value)
			}
		}
		fmt.Fprintf(&b, "  (all else, not shown: %s)\n", fingerprint(o, shownKeys))
	}
	return b.String()
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}

// fingerprint tells whether the parts that are not shown differ. eni_conf is left out: it is never hashed.
func fingerprint(o *manifest.Object, shownKeys map[string]any) string {
	var v map[string]any
	if err := o.Node.Decode(&v); err != nil {
		return "unreadable"
	}
	if data, ok := v["data"].(map[string]any); ok && o.Ref().Kind == "ConfigMap" {
		delete(data, terway.ENIConfKey)
		for key := range shownKeys {
			delete(data, key)
		}
	}
	if o.Ref().Kind == "Secret" {
		return "a Secret"
	}
	delete(v, "metadata") // kubectl keeps a copy of the whole object in an annotation
	text, err := json.Marshal(v)
	if err != nil {
		return "unreadable"
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))[:12]
}

func readBoth(file string, committed, rendered []byte) (have, want []*manifest.Object, err error) {
	if have, err = manifest.Read(file, committed); err == nil {
		want, err = manifest.Read("", rendered)
	}
	return have, want, err
}

func sameValues(have, want []*manifest.Object) bool {
	return reflect.DeepEqual(values(have), values(want))
}

func values(objects []*manifest.Object) []any {
	out := make([]any, len(objects))
	for i, o := range objects {
		_ = o.Node.Decode(&out[i])
	}
	return out
}
