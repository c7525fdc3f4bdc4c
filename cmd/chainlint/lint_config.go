// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/schema"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/render"
)

// configName is the file that configures the linter.
const configName = ".chainlint.yaml"

// lintConfig is a LintConfig; the zero value configures nothing.
type lintConfig struct {
	// dir is the absolute name of the directory that holds it: all names in it are relative to that.
	dir    string
	text   []byte
	object *manifest.Object
	spec   struct {
		FailOn  string         `json:"failOn"`
		Waivers []*lint.Waiver `json:"waivers"`
		Facts   []struct {
			Paths []string `json:"paths"`
			File  string   `json:"file"`
		} `json:"facts"`
		Exclude []string `json:"exclude"`
	}
}

// findConfig is the nearest configuration from a path up to the root of its repository, "" for none.
func findConfig(path string) string {
	dir := input.Absolute(path)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	for root := input.RepositoryRoot(dir); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, configName)); err == nil {
			return input.Shown(filepath.Join(dir, configName))
		}
		if dir == root || dir == filepath.Dir(dir) {
			return ""
		}
	}
}

func (a *app) readConfig(file string) (*lintConfig, render.Problems) {
	text, err := a.Text(file)
	if err != nil {
		return nil, input.Unreadable(err)
	}
	objects, err := manifest.Read(file, text)
	if err != nil {
		return nil, input.Unreadable(err)
	}
	if len(objects) != 1 {
		return nil, input.Usage("%s: it has %d YAML documents where one LintConfig belongs", file, len(objects))
	}
	c := &lintConfig{dir: filepath.Dir(input.Absolute(file)), text: text, object: objects[0]}
	if ps := c.decode(); ps != nil {
		return nil, ps
	}
	return c, c.checkPatterns()
}

// decode judges the file by its schema.
func (c *lintConfig) decode() render.Problems {
	text, err := manifest.JSON(c.object.Node)
	if err != nil {
		return input.Unreadable(err)
	}
	found, err := schema.Validate("LintConfig", text)
	if err != nil {
		return input.Unreadable(err)
	}
	var ps render.Problems
	for _, f := range found {
		ps = append(ps, c.problem(f.Pointer, f.Key, "%s", f.Message))
	}
	if ps != nil {
		return ps
	}
	var outer struct {
		Spec json.RawMessage `json:"spec"`
	}
	if err = json.Unmarshal(text, &outer); err == nil {
		err = json.Unmarshal(outer.Spec, &c.spec)
	}
	if err != nil {
		return input.Unreadable(err)
	}
	return nil
}

func (c *lintConfig) problem(pointer string, onKey bool, format string, args ...any) render.Problem {
	return render.Problem{
		Class: render.Invalid, Code: "invalid-field", Message: fmt.Sprintf(format, args...),
		Pointer: pointer, OnKey: onKey, Offset: -1, Position: c.object.At(pointer, onKey),
	}
}

// checkPatterns refuses patterns that would silently hold for nothing.
func (c *lintConfig) checkPatterns() render.Problems {
	var ps render.Problems
	check := func(pointer string, patterns []string) {
		for i, p := range patterns {
			if !validPattern(p) {
				ps = append(ps, c.problem(fmt.Sprintf("%s/%d", pointer, i), false, "%q is no pattern: a [ has no ]", p))
			}
		}
	}
	check("/spec/exclude", c.spec.Exclude)
	for i, w := range c.spec.Waivers {
		check(fmt.Sprintf("/spec/waivers/%d/paths", i), w.Paths)
	}
	for i, f := range c.spec.Facts {
		check(fmt.Sprintf("/spec/facts/%d/paths", i), f.Paths)
	}
	return ps
}

// holds tells whether one of the patterns holds for a file.
func (c *lintConfig) holds(patterns []string, file string) bool {
	rel, err := filepath.Rel(c.dir, input.Absolute(file))
	return err == nil && slices.ContainsFunc(patterns, func(p string) bool { return matches(p, filepath.ToSlash(rel)) })
}

func (c *lintConfig) excludes(file string) bool { return c.holds(c.spec.Exclude, file) }

// waivers are fresh ones for one judgement: each notes whether it was used.
func (c *lintConfig) waivers() []*lint.Waiver {
	var all []*lint.Waiver
	for i, w := range c.spec.Waivers {
		own := &lint.Waiver{Rule: w.Rule, Reason: w.Reason, Until: w.Until, Paths: w.Paths}
		from, to := c.object.Token(fmt.Sprintf("/spec/waivers/%d/rule", i), false)
		var matches func(string) bool
		if w.Paths != nil {
			matches = func(file string) bool { return c.holds(w.Paths, file) }
		}
		own.Written(c.object.File, lint.Span{From: from, To: to}, matches)
		all = append(all, own)
	}
	return all
}

// factsFile is the file that the globs name for an eni-config, "" for none.
func (c *lintConfig) factsFile(file string) (string, render.Problems) {
	name := ""
	for i, f := range c.spec.Facts {
		here := filepath.Join(c.dir, filepath.FromSlash(f.File))
		switch {
		case !c.holds(f.Paths, file) || here == name:
		case name != "":
			return "", render.Problems{c.problem(fmt.Sprintf("/spec/facts/%d", i), false, "%s and %s are both named as the facts of %s: name one", input.Shown(name), input.Shown(here), file)}
		default:
			name = here
		}
	}
	return name, nil
}
