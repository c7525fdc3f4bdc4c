// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chainlint/chainlint/internal/report"
	"github.com/chainlint/chainlint/pkg/lint"
)

type sarif struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Rules []struct {
					ID, HelpURI string
					Help        struct{ Markdown string }
				}
			}
		}
		Results []struct {
			RuleID              string
			RuleIndex           int
			PartialFingerprints map[string]string
		}
	}
}

func decode(t *testing.T, r *report.Report, o report.Options) sarif {
	t.Helper()
	var log sarif
	if err := json.Unmarshal([]byte(write(t, "sarif", r, o)), &log); err != nil {
		t.Fatal(err)
	}
	return log
}

// TestSARIFDeclaresAllRules, also without findings, and results point at them.
func TestSARIFDeclaresAllRules(t *testing.T) {
	for name, r := range reports(t) {
		run := decode(t, r, report.Options{}).Runs[0]
		if got, want := len(run.Tool.Driver.Rules), len(lint.Rules()); got != want {
			t.Errorf("%s: %d rules of %d", name, got, want)
		}
		for i, rule := range lint.Rules() {
			if got := run.Tool.Driver.Rules[i]; got.ID != rule.ID || got.Help.Markdown != rule.Page() || got.HelpURI != rule.Docs() {
				t.Errorf("%s: rule %d is %s, not %s with its page", name, i, got.ID, rule.ID)
			}
		}
		for _, result := range run.Results {
			if run.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID {
				t.Errorf("%s: %s points at rule %d", name, result.RuleID, result.RuleIndex)
			}
		}
	}
}

func fingerprint(t *testing.T, f *lint.Finding) string {
	t.Helper()
	return decode(t, &report.Report{Findings: []*lint.Finding{f}}, report.Options{}).Runs[0].Results[0].PartialFingerprints["chainlint/v1"]
}

func TestFingerprints(t *testing.T) {
	base := fingerprint(t, portmap(t, "a.yaml"))
	for what, change := range map[string]func(*lint.Finding){
		"line":     func(f *lint.Finding) { f.Span = at("a.yaml", 40, 1, 41, 2) },
		"message":  func(f *lint.Finding) { f.Message = "other words" },
		"index":    func(f *lint.Finding) { f.Pointer = "/plugins/4" },
		"severity": func(f *lint.Finding) { f.Severity = lint.Warning },
		"pools":    func(f *lint.Finding) { f.NodePools = []string{"gpu"} },
		"waiver":   func(f *lint.Finding) { f.Known = true },
	} {
		f := portmap(t, "a.yaml")
		if change(f); fingerprint(t, f) != base {
			t.Errorf("another %s makes it another finding", what)
		}
	}
	for what, change := range map[string]func(*lint.Finding){
		"file":   func(f *lint.Finding) { f.File = "b.yaml" },
		"rule":   func(f *lint.Finding) { f.Rule = rule(t, "list-shape") },
		"plugin": func(f *lint.Finding) { f.PluginType = "tuning" },
		"member": func(f *lint.Finding) { f.Pointer += "/capabilities" },
		"object": func(f *lint.Finding) { f.Object.Namespace = "other" },
		"place":  func(f *lint.Finding) { f.Path, f.Pointer = "/metadata/annotations/x", "" },
	} {
		f := portmap(t, "a.yaml")
		if change(f); fingerprint(t, f) == base {
			t.Errorf("another %s is the same finding", what)
		}
	}
}

// TestFingerprintOfCNIChain: entries stand at the top there.
func TestFingerprintOfCNIChain(t *testing.T) {
	prints := map[string]bool{}
	for _, pointer := range []string{"/0/snat", "/1/snat"} {
		f := portmap(t, "a.yaml")
		f.Path, f.Key, f.Pointer = "/data/cni_chain", "cni_chain", pointer
		prints[fingerprint(t, f)] = true
	}
	if len(prints) != 1 {
		t.Error("another index makes it another finding")
	}
}

// TestFingerprintsLeaveCredentialsOut: nothing of eni_conf is hashed, not even a name.
func TestFingerprintsLeaveCredentialsOut(t *testing.T) {
	prints := map[string]bool{}
	for _, pointer := range []string{"/access_key", "/secret-as-a-name"} {
		f := portmap(t, "a.yaml")
		f.Path, f.Key, f.Pointer, f.PluginType = "/data/eni_conf", "eni_conf", pointer, ""
		prints[fingerprint(t, f)] = true
	}
	if len(prints) != 1 {
		t.Error("the pointer into eni_conf is part of the fingerprint")
	}
}

// TestFingerprintsAreUnique: of two equal ones forges show only the first.
func TestFingerprintsAreUnique(t *testing.T) {
	alike := &report.Report{Findings: []*lint.Finding{portmap(t, "a.yaml"), portmap(t, "a.yaml"), portmap(t, "a.yaml")}}
	seen := map[string]bool{}
	for _, result := range decode(t, alike, report.Options{}).Runs[0].Results {
		seen[fmt.Sprint(result.PartialFingerprints)] = true
	}
	var issues []struct{ Fingerprint string }
	if err := json.Unmarshal([]byte(write(t, "gitlab", alike, report.Options{})), &issues); err != nil {
		t.Fatal(err)
	}
	for _, issue := range issues {
		seen[issue.Fingerprint] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d different fingerprints of 6", len(seen))
	}
}
