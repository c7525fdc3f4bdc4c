// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"testing"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/report"
	"github.com/chainlint/chainlint/pkg/lint"
)

// odd is a name that every format has to escape in its own way.
const odd = "a dir/50%, \"ä\": <b>&\x1b[31m.yaml"

const eniConfig = `apiVersion: v1
kind: ConfigMap
metadata:
  name: eni-config
  namespace: kube-system
data:
  10-terway.conflist: |
    {
      "plugins": [
        {"type": "terway"},
        {"type": "portmap", "ü": 1}
      ]
    }
`

var eniRef = manifest.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "kube-system", Name: "eni-config"}

func at(file string, line, column, endLine, endColumn int) lint.Span {
	return lint.Span{From: manifest.Position{File: file, Line: line, Column: column}, To: manifest.Position{File: file, Line: endLine, Column: endColumn}}
}

func rule(t testing.TB, id string) *lint.Rule {
	t.Helper()
	r := lint.Find(id)
	if r == nil {
		t.Fatalf("there is no rule %s", id)
	}
	return r
}

// portmap is a finding about the second entry.
func portmap(t testing.TB, file string) *lint.Finding {
	return &lint.Finding{
		Rule: rule(t, "portmap-capability-missing"), Impact: lint.Silent, Severity: lint.Error,
		Message: "portmap lacks the capability: add \"capabilities\": {\"portMappings\": true}",
		Object:  eniRef, PluginType: "portmap", File: file, Span: at(file, 11, 9, 11, 36),
		Place: lint.Place{Path: "/data/10-terway.conflist", Key: "10-terway.conflist", Pointer: "/plugins/1", Start: 50, End: 77},
		Fix:   &lint.Fix{Safe: true},
	}
}

// full has one of everything that formats treat in their own way.
func full(t testing.TB) *report.Report {
	first, waived, known := portmap(t, "prod/eni-config.yaml"), portmap(t, "prod/eni-config.yaml"), portmap(t, "prod/eni-config.yaml")
	first.Cause = []string{"intents.yaml:9 spec.hostPorts"}
	waived.Waiver = &lint.Waiver{Rule: waived.Rule.ID, Reason: "known to the network team", Until: "2027-01-31"}
	known.Known = true
	pools := &lint.Finding{
		Rule: rule(t, "list-shape"), Impact: lint.Hygiene, Severity: lint.Info, Message: "100% \"odd\" <b>:\n::error::\x1b[31mred\x00 ]]>",
		Object: eniRef, File: odd, NodePools: []string{"gpu", "(others)"}, Span: at(odd, 8, 5, 13, 6),
		Place: lint.Place{Path: "/data/10-terway.conflist", Key: "10-terway.conflist"},
	}
	template := &lint.Finding{
		Rule: rule(t, "not-plain-yaml"), Impact: lint.Silent, Severity: lint.Warning, Message: "this file is a template",
		File: "chart/x.yaml", Span: at("chart/x.yaml", 1, 1, 1, 1), Place: lint.Place{Start: -1},
	}
	nowhere := portmap(t, "")
	nowhere.Span, nowhere.Fix, nowhere.Impact = lint.Span{}, &lint.Fix{}, lint.Traffic
	prod := &lint.Chain{File: "prod/eni-config.yaml", Object: chainObject(t, "prod/eni-config.yaml")}
	staging := &lint.Chain{File: odd, Object: chainObject(t, odd)}
	bare := &lint.Chain{File: "stream.conflist"}
	missing := []lint.Missing{{Rule: "a-rule", Needs: []string{"kubeProxyMode"}}, {Rule: "b-rule", Needs: []string{"kubeProxyMode"}}, {Rule: "c-rule", Needs: []string{"node.edt", "terway.version"}}}
	return &report.Report{
		Files: 5,
		Results: []*lint.Result{
			{Chain: prod, Findings: []*lint.Finding{first, waived, known}, NotChecked: missing},
			{Chain: staging, Findings: []*lint.Finding{pools}, NotChecked: missing[:1]},
			{Chain: bare, NotChecked: missing[:1]},
		},
		Facts:    map[*lint.Chain]string{prod: "prod/facts.yaml"},
		Findings: []*lint.Finding{nowhere, pools, template, first, waived, known},
		Texts:    map[string][]byte{"prod/eni-config.yaml": []byte(eniConfig), odd: []byte(eniConfig), "chart/x.yaml": []byte("{{ x }}\n")},
	}
}

func chainObject(t testing.TB, file string) *manifest.Object {
	objects, err := manifest.Read(file, []byte(eniConfig))
	if err != nil {
		t.Fatal(err)
	}
	return objects[0]
}

// assumed has one chain that breaks with what is assumed.
func assumed(t testing.TB) *report.Report {
	f := portmap(t, "prod/eni-config.yaml")
	chain := &lint.Chain{File: f.File, Object: chainObject(t, f.File)}
	return &report.Report{
		Files: 1, Results: []*lint.Result{{Chain: chain, Findings: []*lint.Finding{f}}}, Findings: []*lint.Finding{f},
		Facts: map[*lint.Chain]string{chain: "prod/facts.yaml"}, Texts: map[string][]byte{f.File: []byte(eniConfig)},
		Assumed: &report.Assumed{Facts: []string{"terway.version=v1.17.5"}, Now: map[*lint.Chain]*lint.Result{chain: {Chain: chain}}},
	}
}

func reports(t testing.TB) map[string]*report.Report {
	clean := &lint.Chain{File: "prod/eni-config.yaml", Object: chainObject(t, "prod/eni-config.yaml")}
	return map[string]*report.Report{
		"full": full(t), "assumed": assumed(t), "nothing": {},
		"clean": {Files: 1, Results: []*lint.Result{{Chain: clean}}},
	}
}
