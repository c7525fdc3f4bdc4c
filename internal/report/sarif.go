// SPDX-License-Identifier: Apache-2.0

package report

import (
	"net/url"
	"path"
	"strings"

	"github.com/chainlint/chainlint/pkg/lint"
)

// The part of SARIF 2.1.0 that is written.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Version        string      `json:"version,omitempty"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID                   string          `json:"id"`
		ShortDescription     sarifText       `json:"shortDescription"`
		Help                 sarifText       `json:"help"`
		HelpURI              string          `json:"helpUri"`
		DefaultConfiguration sarifLevel      `json:"defaultConfiguration"`
		Properties           sarifProperties `json:"properties"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifProperties struct {
		Tags []string `json:"tags"`
	}
	sarifResult struct {
		RuleID              string             `json:"ruleId"`
		RuleIndex           int                `json:"ruleIndex"`
		Level               string             `json:"level"`
		Message             sarifText          `json:"message"`
		Locations           []sarifLocation    `json:"locations"`
		PartialFingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions        []sarifSuppression `json:"suppressions"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI       string `json:"uri"`
		URIBaseID string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
		Kind               string `json:"kind"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
)

// sarifFormat declares all rules, also those that found nothing: that is how forges know that an alert is over.
func sarifFormat(r *Report, o Options) ([]byte, error) {
	driver := sarifDriver{Name: "chainlint", InformationURI: "https://github.com/chainlint/chainlint", Version: o.Version, Rules: []sarifRule{}}
	index := map[*lint.Rule]int{}
	for i, rule := range lint.Rules() {
		index[rule] = i
		driver.Rules = append(driver.Rules, sarifRuleOf(rule))
	}
	run := sarifRun{Tool: sarifTool{driver}, ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	prints := o.fingerprints(r.Findings)
	for i, f := range r.Findings {
		result := o.sarifResult(f)
		result.RuleIndex, result.PartialFingerprints = index[f.Rule], map[string]string{"chainlint/v1": prints[i]}
		run.Results = append(run.Results, result)
	}
	return marshal(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

var sarifLevels = map[lint.Severity]string{lint.Error: "error", lint.Warning: "warning", lint.Info: "note"}

func sarifRuleOf(rule *lint.Rule) sarifRule {
	return sarifRule{
		ID: rule.ID, ShortDescription: sarifText{Text: rule.Title}, HelpURI: rule.Docs(),
		Help:                 sarifText{Text: rule.Title + ": " + rule.Docs(), Markdown: rule.Page()},
		DefaultConfiguration: sarifLevel{sarifLevels[rule.Severity()]},
		Properties:           sarifProperties{[]string{"cni", "impact/" + string(rule.Impact)}},
	}
}

// sarifResult: either all results of a run have suppressions or none, so an empty list says that it counts.
func (o Options) sarifResult(f *lint.Finding) sarifResult {
	location := sarifLocation{Physical: sarifPhysical{Artifact: o.artifact(f.File), Region: region(f.Span)}, Logical: logical(f)}
	result := sarifResult{
		RuleID: f.Rule.ID, Level: sarifLevels[f.Severity], Message: sarifText{Text: message(f)},
		Locations: []sarifLocation{location}, Suppressions: []sarifSuppression{},
	}
	if f.Waived() {
		result.Suppressions = append(result.Suppressions, sarifSuppression{"external", "accepted", reason(f)})
	}
	return result
}

func (o Options) artifact(file string) sarifArtifact {
	file = o.path(file)
	if path.IsAbs(file) {
		return sarifArtifact{URI: (&url.URL{Scheme: "file", Path: file}).String()}
	}
	return sarifArtifact{URI: (&url.URL{Path: file}).String(), URIBaseID: "%SRCROOT%"}
}

// region is nil where only the file is known. Without an end it reaches to the end of the line.
func region(span lint.Span) *sarifRegion {
	if span.From.Line == 0 {
		return nil
	}
	r := &sarifRegion{StartLine: span.From.Line, StartColumn: span.From.Column}
	if span.To.Line > 0 && span.To != span.From {
		r.EndLine, r.EndColumn = span.To.Line, span.To.Column
	}
	return r
}

// logical is the place for readers who think in objects: ConfigMap kube-system/eni-config, its key, the pointer.
func logical(f *lint.Finding) []sarifLogical {
	var parts []string
	if object(f.Object) != nil {
		parts = append(parts, f.Object.String())
	}
	if f.Key != "" {
		parts = append(parts, f.Key)
	}
	name := strings.Join(parts, " ") + f.Pointer
	if name == "" {
		return nil
	}
	return []sarifLogical{{name, "member"}}
}
