// SPDX-License-Identifier: Apache-2.0

package krm

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/manifest"
)

// stream is a ResourceList as text. Every item is parsed, one at a time; only those that matter are
// kept, all others leave as the bytes they came in.
type stream struct {
	// head is everything up to the first item, tail what stands behind the last one but results.
	head, tail string
	items      []*item
	results    string
	config     *manifest.Object
	// intact: everything is YAML, so the list can be given back though it was not understood.
	intact bool
}

// Limits of a stream. A YAML tree takes up to several hundred times its text, so what is parsed at a time
// and what is kept is bounded; the cluster takes no object of more than 1.5 MiB anyway.
const (
	maxItem = 2 << 20
	maxKept = 4 << 20
)

// read parses a ResourceList and returns the function that is to run. Text that is not in the form that
// hosts write (JSON, flow style, CRLF) is parsed as a whole and written in that form first.
func (s *stream) read(text string, choose func(*manifest.Object) Function) (Function, error) {
	if !s.split(text) {
		if len(text) > maxItem {
			return nil, fmt.Errorf("it is not in block form, and %d MiB is the most that is read in another: write one item below the other", maxItem>>20)
		}
		plain, err := blockForm(text)
		if err != nil {
			return nil, err
		}
		if !s.split(plain) {
			return nil, errNotList{"it is no ResourceList with a list of items"}
		}
	}
	if err := s.readFrame(); err != nil {
		return nil, err
	}
	fn := choose(s.config)
	return fn, s.readItems(fn)
}

// readFrame reads what stands beside the items.
func (s *stream) readFrame() error {
	if len(s.head)+len(s.tail) > maxItem {
		return fmt.Errorf("what stands beside the items is larger than %d MiB, the most that is read", maxItem>>20)
	}
	frame, err := manifest.Read("", []byte(s.head+"items: []\n"+s.tail))
	if err != nil {
		return err
	}
	if len(frame) != 1 {
		return errNotList{"it is no ResourceList"}
	}
	if err := checkList(frame[0].Node); err != nil {
		return err
	}
	if config := manifest.Get(frame[0].Node, "functionConfig"); config != nil && config.Kind == yaml.MappingNode && len(config.Content) > 0 {
		s.config = hosted(config)
	}
	return nil
}

// readItems reads all items, also behind a bad one: whether the list can be given back depends on all.
func (s *stream) readItems(fn Function) error {
	var first error
	kept, intact := 0, true
	for i, entry := range s.items {
		err := entry.read(fn)
		if err != nil && first == nil {
			first = fmt.Errorf("item %d: %w", i+1, err)
		}
		intact = intact && !errors.As(err, new(errNotYAML))
		if entry.object != nil {
			kept += len(entry.text)
		}
		if kept > maxKept {
			return fmt.Errorf("the eni-configs and chainlint's own objects among the items are larger than %d MiB, the most that is read", maxKept>>20)
		}
	}
	s.intact = intact
	return first
}

// list is what the function sees.
func (s *stream) list() List {
	l := List{Config: s.config}
	for _, i := range s.items {
		if i.object != nil {
			l.Objects = append(l.Objects, i.object)
		}
	}
	l.Others = len(s.items) > len(l.Objects)
	return l
}

// settle writes what changed as text. On an error nothing has changed.
func (s *stream) settle(a Answer) error {
	text, err := results(a.Notes)
	if err != nil {
		return err
	}
	items := slices.Clone(s.items)
	if a.Only != nil {
		items = []*item{{object: a.Only}}
	}
	for i, before := range items {
		now, err := before.changed()
		if err != nil {
			return err
		}
		items[i] = &item{text: now}
	}
	s.items, s.results = items, text
	return nil
}

// write gives the list back.
func (s *stream) write(w io.Writer) error {
	out := &errWriter{w: w}
	out.print(s.head)
	if len(s.items) == 0 {
		out.print("items: []\n")
	} else {
		out.print("items:\n")
	}
	for _, i := range s.items {
		out.print(i.text)
	}
	out.print(s.tail)
	out.print(s.results)
	return out.err
}

type errWriter struct {
	w   io.Writer
	err error
}

func (e *errWriter) print(text string) {
	if e.err == nil && text != "" {
		if !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		_, e.err = io.WriteString(e.w, text)
	}
}

// EachItem calls fn for every object of a List in the form that kubectl prints, one at a time, so that a
// list of any size takes little memory. ok is false where the text is not of that form.
func EachItem(text string, fn func(*manifest.Object)) (ok bool, err error) {
	s := &stream{}
	if !s.split(text) || len(s.items) == 0 {
		return false, nil
	}
	for i, entry := range s.items {
		objects, err := manifest.Read("", []byte(entry.document()))
		if err != nil {
			return true, fmt.Errorf("item %d: %w", i+1, err)
		}
		for _, o := range objects {
			fn(o)
		}
	}
	return true, nil
}
