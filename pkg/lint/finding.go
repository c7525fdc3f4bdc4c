// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/chainlint/chainlint/internal/manifest"
)

// Finding is one mistake at its place.
type Finding struct {
	Rule     *Rule
	Impact   Impact
	Severity Severity
	// Message says what is wrong, what the cluster would see, and what to write instead.
	Message string
	// Object that holds the place; the zero value for a bare list or a file as a whole.
	Object manifest.Ref
	Place
	// File is where it stands. Span has lines and columns where the source is at hand, Value those inside
	// the decoded text.
	File  string
	Span  Span
	Value Span
	// NodePools that the finding holds for, nil for all.
	NodePools []string
	// PluginType of the entry that holds the place, "" outside of entries.
	PluginType string
	Fix        *Fix
	Waiver     *Waiver
	// Cause is the intent or fact to change, on a rendered file.
	Cause []string
	// Known: the baseline has it.
	Known bool
}

// Waived tells whether a waiver or the baseline covers the finding.
func (f *Finding) Waived() bool { return f.Waiver != nil || f.Known }

// Fix is an edit that repairs the finding.
type Fix struct {
	// Safe: nothing that works today changes.
	Safe bool
	// Edits of the value at Path, in any order, without overlap.
	Edits []Edit
}

// Edit replaces the bytes [Start, End) of the decoded value of a ConfigMap key.
type Edit struct {
	Key        string
	Start, End int
	New        string
}

// Missing is a rule that a fact would have needed.
type Missing struct {
	Rule  string   `json:"rule"`
	Needs []string `json:"needs"`
}

// sortFindings orders by place, then by rule.
func sortFindings(all []*Finding) {
	slices.SortStableFunc(all, func(a, b *Finding) int {
		return cmp.Or(
			strings.Compare(a.File, b.File),
			cmp.Compare(a.Span.From.Line, b.Span.From.Line),
			cmp.Compare(a.Span.From.Column, b.Span.From.Column),
			cmp.Compare(a.Start, b.Start),
			strings.Compare(a.Rule.ID, b.Rule.ID),
			strings.Compare(a.Message, b.Message),
		)
	})
}

// Text is the finding as one line: place, severity, message, rule.
func (f *Finding) Text() string {
	where := f.File
	switch {
	case f.Span.From.Line > 0:
		where = f.Span.From.String()
	case f.Key != "":
		where = strings.TrimLeft(where+": ", ": ") + f.Key + f.Pointer
	}
	pools := ""
	if f.NodePools != nil {
		pools = "node pools " + strings.Join(f.NodePools, ", ") + ": "
	}
	return where + ": " + string(f.Severity) + ": " + pools + oneLine(f.Message) + " (" + string(f.Impact) + ") [" + f.Rule.ID + "]\n"
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
