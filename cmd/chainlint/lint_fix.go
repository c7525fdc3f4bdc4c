// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"slices"

	"github.com/aymanbagabas/go-udiff"

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
		text, open, err := l.repaired(f)
		if err != nil {
			failed[f.File] = err
		}
		if bytes.Equal(text, f.Text) {
			continue
		}
		again, err := readFile(f.File, text, f.fragment)
		if err != nil {
			failed[f.File] = err
			continue
		}
		if again == nil {
			again = &lintFile{Source: &lint.Source{File: f.File, Text: text}, fragment: f.fragment}
		}
		if repairs[f.File] == nil {
			repairs[f.File] = &repair{before: f.Text, open: true}
		}
		r := repairs[f.File]
		r.after, r.open = text, r.open && open
		l.files[i], changed = again, true
	}
	return changed
}

// repaired is the text of a file after all repairs that fit together. The error is that of the last one that
// cannot be made.
func (l *linter) repaired(f *lintFile) (text []byte, open bool, failed error) {
	text = f.Text
	var made []manifest.Splice
	for _, s := range l.subjects {
		if s.file != f {
			continue
		}
		for _, finding := range s.result.Findings {
			if finding.Fix == nil || !finding.Fix.Safe || finding.Waiver != nil {
				continue
			}
			if s.chain.Object == nil {
				text = spliced(text, f.Text, finding.Fix.Edits)
				continue
			}
			more, err := splices(s.chain, finding.Fix)
			if err == nil {
				more = append(slices.Clip(made), more...)
				var next []byte
				if next, err = manifest.Rewrite(f.Text, more); err == nil {
					text, made = next, more
				}
			}
			if err != nil && !errors.Is(err, manifest.ErrOverlap) {
				failed = err
			}
		}
	}
	return text, manifest.Alone(made), failed
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

// spliced applies edits to a bare list; where the list was repaired already, the next pass will come to them.
func spliced(text, source []byte, edits []lint.Edit) []byte {
	if !bytes.Equal(text, source) {
		return text
	}
	edits = slices.SortedFunc(slices.Values(edits), func(a, b lint.Edit) int { return b.Start - a.Start })
	out := slices.Clone(text)
	for _, e := range edits {
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
		l.fail(unreadable(plain(err)))
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
		l.fail(unreadable(err))
	}
}
