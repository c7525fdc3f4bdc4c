// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/lint"
)

// jsonReport is format json, version 1. Its schema is internal/schema/LintReport.json.
type jsonReport struct {
	Version  int           `json:"version"`
	Summary  Summary       `json:"summary"`
	Chains   []jsonChain   `json:"chains"`
	Findings []jsonFinding `json:"findings"`
	Assumed  *jsonAssumed  `json:"assumed,omitempty"`
}

type jsonChain struct {
	File       string         `json:"file,omitempty"`
	Object     *manifest.Ref  `json:"object,omitempty"`
	Facts      string         `json:"facts,omitempty"`
	NotChecked []lint.Missing `json:"notChecked"`
}

type jsonFinding struct {
	Rule     string        `json:"rule"`
	Severity lint.Severity `json:"severity"`
	Impact   lint.Impact   `json:"impact"`
	Message  string        `json:"message"`
	Object   *manifest.Ref `json:"object,omitempty"`
	Key      string        `json:"key,omitempty"`
	// Pointer is there wherever Key is, "" for the whole document.
	Pointer   *string     `json:"pointer,omitempty"`
	NodePools []string    `json:"nodePools,omitempty"`
	File      string      `json:"file,omitempty"`
	Line      int         `json:"line,omitempty"`
	Column    int         `json:"column,omitempty"`
	EndLine   int         `json:"endLine,omitempty"`
	EndColumn int         `json:"endColumn,omitempty"`
	Cause     []string    `json:"cause,omitempty"`
	Fix       *jsonFix    `json:"fix"`
	Waiver    *jsonWaiver `json:"waiver"`
	Docs      string      `json:"docs"`
}

type jsonFix struct {
	Safe bool `json:"safe"`
}

type jsonWaiver struct {
	Reason string `json:"reason"`
	Until  string `json:"until,omitempty"`
}

// jsonAssumed sets what counts now against what would count under the assumption, a row a chain.
type jsonAssumed struct {
	Facts  []string  `json:"facts"`
	Chains []jsonRow `json:"chains"`
}

type jsonRow struct {
	File  string        `json:"file,omitempty"`
	Facts string        `json:"facts,omitempty"`
	Now   []jsonFinding `json:"now"`
	Then  []jsonFinding `json:"then"`
}

func jsonFormat(r *Report, _ Options) ([]byte, error) {
	doc := jsonReport{Version: 1, Summary: r.Summary(), Chains: []jsonChain{}, Findings: jsonFindings(r.Findings)}
	for _, result := range r.Results {
		c := jsonChain{File: result.Chain.File, Object: object(result.Chain.Ref()), Facts: r.Facts[result.Chain], NotChecked: []lint.Missing{}}
		c.NotChecked = append(c.NotChecked, result.NotChecked...)
		doc.Chains = append(doc.Chains, c)
	}
	if r.Assumed != nil {
		doc.Assumed = &jsonAssumed{Facts: r.Assumed.Facts, Chains: []jsonRow{}}
		for _, row := range r.rows() {
			doc.Assumed.Chains = append(doc.Assumed.Chains, jsonRow{row.file, row.facts, jsonFindings(row.now), jsonFindings(row.then)})
		}
	}
	return marshal(doc)
}

// marshal is readable JSON without the escapes that only web pages need.
func marshal(doc any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(doc)
	return out.Bytes(), err
}

// object is nil where a place belongs to no object: in bare lists and whole files.
func object(ref manifest.Ref) *manifest.Ref {
	if ref == (manifest.Ref{}) {
		return nil
	}
	return &ref
}

func jsonFindings(findings []*lint.Finding) []jsonFinding {
	all := []jsonFinding{}
	for _, f := range findings {
		all = append(all, jsonOf(f))
	}
	return all
}

func jsonOf(f *lint.Finding) jsonFinding {
	j := jsonFinding{
		Rule: f.Rule.ID, Severity: f.Severity, Impact: f.Impact, Message: f.Message, Object: object(f.Object),
		Key: f.Key, NodePools: f.NodePools, File: f.File, Cause: f.Cause, Docs: f.Rule.Docs(),
		Line: f.Span.From.Line, Column: f.Span.From.Column, EndLine: f.Span.To.Line, EndColumn: f.Span.To.Column,
	}
	if f.Key != "" {
		j.Pointer = &f.Pointer
	}
	if f.Fix != nil {
		j.Fix = &jsonFix{f.Fix.Safe}
	}
	switch {
	case f.Waiver != nil:
		j.Waiver = &jsonWaiver{f.Waiver.Reason, f.Waiver.Until}
	case f.Known:
		j.Waiver = &jsonWaiver{Reason: reason(f)}
	}
	return j
}
