// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/chainlint/chainlint/pkg/lint"
)

// JUnit as CI systems read it: a suite a file, a case a finding, or a chain without any.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Name    string       `xml:"name,attr"`
		Tests   int          `xml:"tests,attr"`
		Failed  int          `xml:"failures,attr"`
		Errors  int          `xml:"errors,attr"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name    string      `xml:"name,attr"`
		Tests   int         `xml:"tests,attr"`
		Failed  int         `xml:"failures,attr"`
		Errors  int         `xml:"errors,attr"`
		Skipped int         `xml:"skipped,attr"`
		Cases   []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitFailure `xml:"failure"`
		Skipped *junitSkipped `xml:"skipped"`
		Out     *junitOut     `xml:"system-out"`
	}
	junitFailure struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",innerxml"`
	}
	junitOut struct {
		Text string `xml:",innerxml"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
)

func junitFormat(r *Report, o Options) ([]byte, error) {
	all := junitSuites{Name: "chainlint"}
	for _, suite := range r.junitSuites(o) {
		all.Suites = append(all.Suites, *suite)
		all.Tests, all.Failed = all.Tests+suite.Tests, all.Failed+suite.Failed
	}
	return marshalXML(all)
}

// junitSuites are those of chains first, then those of other files with findings.
func (r *Report) junitSuites(o Options) []*junitSuite {
	var all []*junitSuite
	known := map[string]*junitSuite{}
	suite := func(file string) *junitSuite {
		if known[file] == nil {
			known[file] = &junitSuite{Name: named(file)}
			all = append(all, known[file])
		}
		return known[file]
	}
	for _, result := range r.Results {
		if s := suite(result.Chain.File); len(result.Findings) == 0 {
			s.add(passed(result.Chain))
		}
	}
	drawn := newPictures(r)
	for _, f := range r.Findings {
		suite(f.File).add(junitCaseOf(f, drawn, o))
	}
	return all
}

// passed is the case of a chain without findings.
func passed(c *lint.Chain) junitCase {
	name := "chain"
	if ref := object(c.Ref()); ref != nil {
		name = ref.String()
	}
	return junitCase{Name: name, Class: named(c.File), File: named(c.File)}
}

// add a case; CI systems tell cases by their names, so equal names are numbered.
func (s *junitSuite) add(c junitCase) {
	same := 1
	for _, other := range s.Cases {
		if other.Name == c.Name || strings.HasPrefix(other.Name, c.Name+" (") {
			same++
		}
	}
	if same > 1 {
		c.Name += fmt.Sprintf(" (%d)", same)
	}
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failed++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

// junitCaseOf fails where the run fails; the name has no line, so that it stays the same case.
func junitCaseOf(f *lint.Finding, drawn *pictures, o Options) junitCase {
	c := junitCase{Name: f.Rule.ID, Class: named(f.File), File: named(f.File), Line: f.Span.From.Line}
	if f.Key != "" {
		c.Name += " at " + f.Key + stable(f)
	}
	text := readable("\n" + f.Text() + drawn.of(f) + f.Rule.Docs() + "\n")
	switch {
	case f.Waived():
		c.Skipped = &junitSkipped{"waived: " + reason(f)}
	case o.fails(f):
		c.Failure = &junitFailure{string(f.Severity), message(f), text}
	default:
		c.Out = &junitOut{text}
	}
	return c
}

// readable escapes a text but for line breaks and quotes, which need it in attributes only.
func readable(text string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(text)) // into memory
	return readably.Replace(out.String())
}

var readably = strings.NewReplacer("&#xA;", "\n", "&#x9;", "\t", "&#34;", `"`, "&#39;", "'")

// marshalXML escapes what XML has no characters for.
func marshalXML(doc any) ([]byte, error) {
	text, err := xml.MarshalIndent(doc, "", "  ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}
