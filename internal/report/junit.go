// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/xml"
	"fmt"
	"slices"
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
		Out     string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
)

func junitFormat(r *Report, o Options) ([]byte, error) {
	all := junitSuites{Name: "chainlint"}
	for _, file := range r.files() {
		suite := r.junitSuite(file, o)
		all.Suites = append(all.Suites, suite)
		all.Tests, all.Failed = all.Tests+suite.Tests, all.Failed+suite.Failed
	}
	return marshalXML(all)
}

// files of chains, then those that have findings only.
func (r *Report) files() []string {
	var all []string
	add := func(file string) {
		if !slices.Contains(all, file) {
			all = append(all, file)
		}
	}
	for _, result := range r.Results {
		add(result.Chain.File)
	}
	for _, f := range r.Findings {
		add(f.File)
	}
	return all
}

func (r *Report) junitSuite(file string, o Options) junitSuite {
	suite := junitSuite{Name: named(file)}
	for _, f := range r.Findings {
		if f.File == file {
			suite.add(r.junitCase(f, o))
		}
	}
	for _, result := range r.Results {
		if result.Chain.File == file && len(result.Findings) == 0 {
			name := "chain"
			if ref := object(result.Chain.Ref()); ref != nil {
				name = ref.String()
			}
			suite.add(junitCase{Name: name, Class: named(file), File: named(file)})
		}
	}
	return suite
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

// junitCase fails where the run fails; the name has no line, so that it stays the same case.
func (r *Report) junitCase(f *lint.Finding, o Options) junitCase {
	c := junitCase{Name: f.Rule.ID, Class: named(f.File), File: named(f.File), Line: f.Span.From.Line}
	if f.Key != "" {
		c.Name += " at " + f.Key + stable(f)
	}
	text := "\n" + f.Text() + lint.Picture(r.Texts[f.File], f.Span) + f.Rule.Docs() + "\n"
	switch {
	case f.Waived():
		c.Skipped = &junitSkipped{"waived: " + reason(f)}
	case o.fails(f):
		c.Failure = &junitFailure{string(f.Severity), message(f), text}
	default:
		c.Out = text
	}
	return c
}

// marshalXML escapes what XML has no characters for.
func marshalXML(doc any) ([]byte, error) {
	text, err := xml.MarshalIndent(doc, "", "  ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}
