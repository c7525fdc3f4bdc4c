// SPDX-License-Identifier: Apache-2.0

package report

import "encoding/xml"

type (
	checkstyleReport struct {
		XMLName xml.Name         `xml:"checkstyle"`
		Version string           `xml:"version,attr"`
		Files   []checkstyleFile `xml:"file"`
	}
	checkstyleFile struct {
		Name   string            `xml:"name,attr"`
		Errors []checkstyleError `xml:"error"`
	}
	checkstyleError struct {
		Line     int    `xml:"line,attr,omitempty"`
		Column   int    `xml:"column,attr,omitempty"`
		Severity string `xml:"severity,attr"`
		Message  string `xml:"message,attr"`
		Source   string `xml:"source,attr"`
	}
)

// checkstyleFormat has no word for waived findings, so they are left out.
func checkstyleFormat(r *Report, _ Options) ([]byte, error) {
	doc := checkstyleReport{Version: "4.3"}
	for _, g := range byFile(counting(r.Findings)) {
		file := checkstyleFile{Name: named(g.file)}
		for _, f := range g.findings {
			file.Errors = append(file.Errors, checkstyleError{f.Span.From.Line, f.Span.From.Column, string(f.Severity), message(f), "chainlint." + f.Rule.ID})
		}
		doc.Files = append(doc.Files, file)
	}
	return marshalXML(doc)
}
