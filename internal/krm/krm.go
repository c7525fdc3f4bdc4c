// SPDX-License-Identifier: Apache-2.0

// Package krm is the frame of a KRM function (KRM Functions Specification v1): a ResourceList in, one out,
// whatever happens. What is done with the items is a [Function]'s.
package krm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/chainlint/chainlint/internal/manifest"
)

// Function is what is done with a ResourceList.
type Function interface {
	// Words are such that an item without any of them cannot matter: one that is too large to read then
	// leaves unread.
	Words() []string
	// Keep is shown every item, one after the other, and tells whether Run needs it. What is not kept is
	// gone from memory, and leaves as the bytes it came in. Items may hold a key twice.
	Keep(item *manifest.Object) bool
	// Run may change the objects of the list in place. It is not called where the list is unreadable.
	Run(List) Answer
}

// List is what a function gets to see of a ResourceList.
type List struct {
	// Config is the functionConfig, nil for none.
	Config *manifest.Object
	// Objects are the items that were kept.
	Objects []*manifest.Object
	// Others: there are further items.
	Others bool
}

// Answer is what goes back beside the items.
type Answer struct {
	// Code is the exit code.
	Code int
	// Notes become the results.
	Notes []Note
	// Lines for stderr, the most important ones first. Where there are more than a host shows, the last one
	// says how many are missing, and Rest where to find them.
	Lines []string
	Rest  string
	// Only, if not nil, takes the place of all items: what a generator gives back.
	Only *manifest.Object
}

// The exit codes of the frame itself.
const (
	invalid    = 2 // what stands on stdin is no ResourceList
	unreadable = 3 // broken input, or an internal fault
)

// maxStream is the most that is read.
const maxStream = 128 << 20

// maxLines is what kpt shows of stderr.
const maxLines = 4

// Run reads a ResourceList from stdin, hands it to the function that choose picks for its configuration
// (nil for none), and writes the list back. It returns the exit code. A panic is an answer, too: no host may
// get half a list.
func Run(stdin io.Reader, stdout, stderr io.Writer, choose func(config *manifest.Object) Function) int {
	s, a := process(stdin, choose)
	if err := s.write(stdout); err != nil {
		fmt.Fprintf(stderr, "chainlint: write the ResourceList: %v\n", err)
		return unreadable
	}
	for _, line := range a.shown() {
		fmt.Fprintln(stderr, "chainlint: "+oneLine(line))
	}
	return a.Code
}

// process returns a stream that only needs to be written.
func process(stdin io.Reader, choose func(*manifest.Object) Function) (s *stream, a Answer) {
	s = &stream{}
	defer func() {
		if r := recover(); r != nil {
			s, a = s.refuse(unreadable, "internal", fmt.Sprintf("internal fault: %v. Nothing was changed; please report it", r))
		}
	}()
	text, err := io.ReadAll(io.LimitReader(stdin, maxStream+1))
	switch {
	case err != nil:
		return s.refuse(unreadable, "unreadable-stream", fmt.Sprintf("read the ResourceList: %v", err))
	case len(text) > maxStream:
		return s.refuse(unreadable, "stream-too-large", fmt.Sprintf("the ResourceList is larger than %d MiB, the most that is read: hand over fewer resources", maxStream>>20))
	case len(bytes.TrimSpace(text)) == 0:
		return s.refuse(invalid, "no-resource-list", "standard input is empty where a ResourceList belongs")
	}
	fn, err := s.read(string(text), choose)
	switch {
	case errors.As(err, new(errNotList)):
		return s.refuse(invalid, "no-resource-list", "standard input: "+err.Error())
	case err != nil:
		return s.refuse(unreadable, "unreadable-stream", "standard input: "+withoutPlace(err))
	}
	a = fn.Run(s.list())
	if err := s.settle(a); err != nil {
		return s.refuse(unreadable, "internal", err.Error())
	}
	return s, a
}

// withoutPlace drops the line and column of a YAML error: they count inside one item, in a text that
// nobody has seen.
func withoutPlace(err error) string {
	var bad *manifest.Error
	if !errors.As(err, &bad) {
		return err.Error()
	}
	return strings.ReplaceAll(err.Error(), bad.Error(), bad.Reason)
}

// refuse answers a stream that was not understood: with itself where it is YAML, else with an empty list.
func (s *stream) refuse(code int, rule, message string) (*stream, Answer) {
	if !s.intact {
		s = &stream{head: "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"}
	}
	a := Answer{
		Code: code, Lines: []string{message + " [" + rule + "]"},
		Notes: []Note{{Severity: Error, Rule: rule, Message: message}},
	}
	s.results, _ = results(a.Notes) // texts and numbers, which can be written
	return s, a
}

func (a Answer) shown() []string {
	more := len(a.Lines) - maxLines + 1
	if more <= 1 {
		return a.Lines
	}
	return append(a.Lines[:maxLines-1:maxLines-1], fmt.Sprintf("and %d more; %s", more, a.Rest))
}

// oneLine: names and values are the user's, and a message is one line whatever they hold.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}
