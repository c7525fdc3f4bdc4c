// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/chainlint/chainlint/pkg/lint"
)

var githubLevels = map[lint.Severity]string{lint.Error: "error", lint.Warning: "warning", lint.Info: "notice"}

// githubFormat are workflow commands, which a job's log turns into annotations. GitHub shows ten of a kind, so
// the summary closes the log.
func githubFormat(r *Report, o Options) ([]byte, error) {
	var out bytes.Buffer
	for _, f := range counting(r.Findings) {
		title := fmt.Sprintf("%s [%s]", f.Rule.Title, f.Rule.ID)
		fmt.Fprintf(&out, "::%s file=%s%s,title=%s::%s\n", githubLevels[f.Severity], property(clean(o.path(f.File))), githubPlace(f.Span), property(title), data(message(f)))
	}
	fmt.Fprintln(&out, r.Summary())
	return out.Bytes(), nil
}

// githubPlace: GitHub refuses columns where an annotation has several lines.
func githubPlace(span lint.Span) string {
	from, to := span.From, span.To
	switch {
	case from.Line == 0:
		return ""
	case to.Line > from.Line:
		return fmt.Sprintf(",line=%d,endLine=%d", from.Line, to.Line)
	case to.Column > from.Column && from.Column > 0:
		return fmt.Sprintf(",line=%d,endLine=%d,col=%d,endColumn=%d", from.Line, from.Line, from.Column, to.Column)
	case from.Column > 0:
		return fmt.Sprintf(",line=%d,col=%d", from.Line, from.Column)
	}
	return fmt.Sprintf(",line=%d", from.Line)
}

// data and property escape as the runner reads them.
func data(s string) string { return dataEscapes.Replace(s) }

func property(s string) string { return propertyEscapes.Replace(s) }

var (
	dataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
