// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"slices"

	"github.com/aymanbagabas/go-udiff"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

// maxPasses bounds how often repairs may make room for further repairs.
const maxPasses = 10

// repair is what --fix does to one file.
type repair struct {
	before, after []byte
	// open: the lines that change hold nothing else, so they may be shown.
	open bool
}

// fix repairs in memory until nothing more can be repaired, and then writes the files or shows a diff. With
// --diff everything is afterwards as it was.
func (l *linter) fix() {
	if !l.flags.fix && !l.flags.diff {
		return
	}
	files := slices.Clone(l.files)
	repairs := map[string]*repair{}
	failed := map[string]error{}
	for range maxPasses {
		clear(failed)
		if !l.fixOnce(repairs, failed) {
			break
		}
		l.assemble()
		l.judge()
	}
	for _, f := range files {
		if r := repairs[f.File]; r != nil && l.flags.diff {
			l.showDiff(f.File, r)
		} else if r != nil {
			l.save(f.File, r)
		}
		if err := failed[f.File]; err != nil {
			l.say("%s: a repair was not made: %v", f.File, err)
		}
	}
	if l.flags.diff {
		l.files = files
		l.assemble()
		l.judge()
	}
}

// fixOnce repairs what can be repaired side by side in every file; it tells whether anything was.
func (l *linter) fixOnce(repairs map[string]*repair, failed map[string]error) bool {
	changed := false
	for i, f := range l.files {
		made := l.repaired(f)
		if made.failed != nil {
			failed[f.File] = made.failed
		}
		if bytes.Equal(made.text, f.Text) {
			continue
		}
		again, err := readFile(f.File, made.text, f.fragment)
		if err != nil {
			failed[f.File] = err
			continue
		}
		if again == nil {
			again = &lintFile{Source: &lint.Source{File: f.File, Text: made.text}, fragment: f.fragment}
		}
		if repairs[f.File] == nil {
			repairs[f.File] = &repair{before: f.Text, open: true}
		}
		r := repairs[f.File]
		r.after, r.open = made.text, r.open && manifest.Alone(made.made)
		l.files[i], changed = again, true
	}
	return changed
}

// repairing is a file on its way through one pass.
type repairing struct {
	file *lintFile
	text []byte
	made []manifest.Splice
	// failed is why the last repair that cannot be made cannot be made.
	failed error
}

// repaired makes all repairs of a file that fit together; the next pass comes to the others.
func (l *linter) repaired(f *lintFile) *repairing {
	r := &repairing{file: f, text: f.Text}
	for _, s := range l.subjects {
		if s.file != f {
			continue
		}
		for _, finding := range s.result.Findings {
			if finding.Fix == nil || !finding.Fix.Safe || finding.Waiver != nil {
				continue
			}
			if err := r.apply(s, finding.Fix); err != nil && !errors.Is(err, manifest.ErrOverlap) {
				r.failed = err
			}
		}
	}
	return r
}

func (r *repairing) apply(s *lintSubject, fix *lint.Fix) error {
	switch {
	case s.chain.Object == nil && bytes.Equal(r.text, r.file.Text):
		r.text = spliced(r.text, fix.Edits)
		return nil
	case s.chain.Object == nil:
		return manifest.ErrOverlap
	}
	more, err := splices(s.chain, fix)
	if err != nil {
		return err
	}
	all := append(slices.Clip(r.made), more...)
	text, err := manifest.Rewrite(r.file.Text, all)
	if err == nil {
		r.text, r.made = text, all
	}
	return err
}

var errCredentials = errors.New("eni_conf is never changed")

func splices(c *lint.Chain, fix *lint.Fix) ([]manifest.Splice, error) {
	var all []manifest.Splice
	for _, e := range fix.Edits {
		if e.Key == terway.ENIConfKey {
			return nil, errCredentials
		}
		all = append(all, manifest.Splice{Object: c.Object, Pointer: "/data/" + conflist.EscapePointer(e.Key), Start: e.Start, End: e.End, Text: e.New})
	}
	return all, nil
}

// spliced applies edits to a bare list.
func spliced(text []byte, edits []lint.Edit) []byte {
	out := slices.Clone(text)
	for _, e := range slices.SortedFunc(slices.Values(edits), func(a, b lint.Edit) int { return b.Start - a.Start }) {
		out = slices.Replace(out, e.Start, e.End, []byte(e.New)...)
	}
	return out
}

// save writes a repaired file, unless it is no longer what was read.
func (l *linter) save(name string, r *repair) {
	now, err := os.ReadFile(name)
	if err == nil && !bytes.Equal(now, r.before) {
		err = errors.New(name + " is not as it was read (another writer, or no UTF-8), so it was not repaired")
	}
	if err == nil {
		err = replaceFile(name, r.after)
	}
	if err != nil {
		l.fail(input.Unreadable(unwritten(name, err)))
		return
	}
	l.say("repaired %s", name)
}

// showDiff prints what --fix would change. Only lines that hold nothing but the value are shown, and none
// around them: others can hold credentials.
func (l *linter) showDiff(name string, r *repair) {
	if !r.open {
		l.say("%s would be repaired; the lines hold other values, too, so they are not shown", name)
		return
	}
	before, after := string(r.before), string(r.after)
	diff, err := udiff.ToUnified("a/"+name, "b/"+name, before, udiff.Lines(before, after), 0)
	if err == nil {
		err = l.emit("", []byte(diff))
	}
	if err != nil {
		l.fail(input.Unreadable(err))
	}
}
