// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strings"

	"github.com/chainlint/chainlint/pkg/lint"
)

// pictures draws findings; every file is cut into lines once.
type pictures struct {
	texts map[string][]byte
	lines map[string][]string
}

func newPictures(r *Report) *pictures {
	return &pictures{texts: r.Texts, lines: map[string][]string{}}
}

// of a finding, "" where its line is not known.
func (p *pictures) of(f *lint.Finding) string {
	text := p.texts[f.File]
	if len(text) == 0 || f.Span.From.Line < 1 {
		return ""
	}
	lines, ok := p.lines[f.File]
	if !ok {
		lines = strings.Split(string(text), "\n")
		p.lines[f.File] = lines
	}
	if f.Span.From.Line > len(lines) {
		return ""
	}
	return lint.PictureOf(strings.TrimRight(lines[f.Span.From.Line-1], "\r"), f.Span)
}
