// SPDX-License-Identifier: Apache-2.0

package report

import "github.com/chainlint/chainlint/pkg/lint"

// pictures draws findings; every file is cut into lines once.
type pictures struct {
	texts map[string][]byte
	lines map[string]lint.Lines
}

func newPictures(r *Report) *pictures {
	return &pictures{texts: r.Texts, lines: map[string]lint.Lines{}}
}

// of a finding, "" where its line is not known.
func (p *pictures) of(f *lint.Finding) string {
	lines, ok := p.lines[f.File]
	if !ok {
		lines = lint.LinesOf(p.texts[f.File])
		p.lines[f.File] = lines
	}
	return lines.Picture(f.Span)
}
