// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/chainlint/chainlint/internal/manifest"
)

// Class of a [Problem]. The three that stop a rendering are the exit codes of the command.
type Class int

// The classes, worst last.
const (
	// Warning: rendered, but somebody has to know.
	Warning Class = 0
	// Refused: the facts, the policy or another intent forbid it.
	Refused Class = 1
	// Invalid: the configuration is wrong, or a fact that decides is unknown.
	Invalid Class = 2
	// Unreadable: the input is broken.
	Unreadable Class = 3
)

// Problem is one thing that is wrong, at its place.
type Problem struct {
	Class Class
	// Code is a stable name such as "fact-missing".
	Code string
	// Message says what is wrong, because of what, and what to write instead.
	Message string
	// Ref and Pointer say where: an object, and a JSON pointer into it. Offset is the byte inside the
	// text at Pointer where it matters, else -1.
	Ref     manifest.Ref
	Pointer string
	Offset  int
	// OnKey: the member's name is meant, not its value.
	OnKey bool
	// Position in a file, where one is known.
	Position manifest.Position
	// Pool that the problem holds for, "" for all.
	Pool string
}

func (p Problem) Error() string {
	message := p.Message
	if p.Ref.Kind != "" {
		message = p.Ref.String() + ": " + message
	}
	if p.Position.File != "" {
		message = p.Position.String() + ": " + message
	}
	return oneLine(message)
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

// inPool says which node pool the problem holds for, "" for the cluster's nodes.
func (p Problem) inPool(name string) Problem {
	if name != "" {
		p.Pool, p.Message = name, "node pool "+name+": "+p.Message
	}
	return p
}

// at returns a problem with a place in an object.
func at(class Class, code string, o *manifest.Object, pointer, format string, args ...any) Problem {
	p := Problem{Class: class, Code: code, Message: fmt.Sprintf(format, args...), Pointer: pointer, Offset: -1}
	if o != nil {
		p.Ref = o.Ref()
		p.Position = o.At(pointer, false)
	}
	return p
}

// Problems in the order found.
type Problems []Problem

// Worst class of the list; Warning for an empty one.
func (ps Problems) Worst() Class {
	worst := Warning
	for _, p := range ps {
		worst = max(worst, p.Class)
	}
	return worst
}

// Error joins the problems, a line each.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}
