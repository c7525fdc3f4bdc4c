// SPDX-License-Identifier: Apache-2.0

package report

import "github.com/chainlint/chainlint/pkg/lint"

// GitLab's code quality report.
type (
	gitlabIssue struct {
		Description string         `json:"description"`
		CheckName   string         `json:"check_name"`
		Fingerprint string         `json:"fingerprint"`
		Severity    string         `json:"severity"`
		Location    gitlabLocation `json:"location"`
	}
	gitlabLocation struct {
		Path  string      `json:"path"`
		Lines gitlabLines `json:"lines"`
	}
	gitlabLines struct {
		Begin int `json:"begin"`
	}
)

// gitlabFormat has no word for waived findings, so they are left out.
func gitlabFormat(r *Report, o Options) ([]byte, error) {
	open := counting(r.Findings)
	prints := o.fingerprints(open)
	issues := []gitlabIssue{}
	for i, f := range open {
		where := gitlabLocation{o.path(f.File), gitlabLines{max(1, f.Span.From.Line)}}
		issues = append(issues, gitlabIssue{message(f), f.Rule.ID, prints[i], gitlabSeverity(f), where})
	}
	return marshal(issues)
}

func gitlabSeverity(f *lint.Finding) string {
	switch f.Impact {
	case lint.Init, lint.Node, lint.AllPods:
		return "blocker"
	}
	switch f.Severity {
	case lint.Error:
		return "critical"
	case lint.Warning:
		return "major"
	}
	return "info"
}
