// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/pkg/lint"
)

// defeatNothing are the rules that report errors of impact some-pods, traffic or silent, and why no intent is
// defeated by what they report.
var defeatNothing = map[string]string{
	"bandwidth-chained":       "no intent asks for bandwidth limits",
	"conf-changed":            "10-terway.conf is Terway's own",
	"data-not-text":           "the API server refuses the ConfigMap, so nodes keep the chain that they have",
	"datapath-unknown":        "a setting of Terway",
	"duplicate-key":           "any member can be the one that stands twice, and which of the two was meant is not known",
	"firewall-config":         "no intent asks for what firewall guards",
	"first-plugin-differs":    "settings of Terway",
	"first-plugin-not-terway": "pods get an address that nobody knows, and what is chained works on it",
	"generator-hash-suffix":   "about the repository: the chain is not at fault",
	"ipv6-off-dual-stack":     "what was asked for is fulfilled; what is lost is the cluster's IPv6",
	"main-plugin-chained":     "the cluster is told a wrong address; pods keep the right one, and host ports go there unless portmap comes later",
	"name-drift":              "about the repository: the chain is not at fault",
	"plugin-key-unknown":      "any key of any plugin can be the one that is misspelt",
	"policy-provider-unknown": "a setting of Terway",
	"projection-lacks-list":   "about Terway's DaemonSet: the chain is not at fault",
	"reserved-key":            "pods claim more than they ask for; what they ask for, the runtime writes over it",
	"symmetric-config-type":   "Terway's default takes the place of what it does not read",
	"terway-entry-type":       "a setting of Terway",
	"twin-key":                "any member can be the one that stands twice, and which of the two was meant is not known",
	"yaml-key-twice":          "about the repository: which of the two counts depends on the tool",
}

// TestDefeats: whoever reports such an error says which intents it defeats, or stands in the list above; nobody
// else does.
func TestDefeats(t *testing.T) {
	unused := maps.Clone(defeatNothing)
	for _, r := range lint.Rules() {
		reason, none := defeatNothing[r.ID]
		switch can := reportsLoss(t, r); {
		case !can && (r.Defeats != nil || none):
			t.Errorf("%s reports no error of impact some-pods, traffic or silent: it needs neither Defeats nor a reason", r.ID)
		case can && (r.Defeats == nil) != (none && reason != ""):
			t.Errorf("%s must have either Defeats or a reason for none; it has %q and %q", r.ID, r.Defeats, reason)
		}
		if wrong := slices.DeleteFunc(slices.Clone(r.Defeats), func(f string) bool { return slices.Contains(lint.Fields, f) }); len(wrong) > 0 {
			t.Errorf("%s: %q are no fields", r.ID, wrong)
		}
		delete(unused, r.ID)
	}
	for id := range unused {
		t.Errorf("there is no rule %s", id)
	}
}

var (
	lossExample = regexp.MustCompile(`(?m): error: .* \((some-pods|traffic|silent)\) \[`)
	lossReport  = regexp.MustCompile(`ReportAs\((SomePods|\w+\.hostPortPods\(\)|(Traffic|Silent), [^f])`)
)

// reportsLoss tells whether a rule can report an error of one of the three impacts: by what it is at worst, by
// its examples, or by its source.
func reportsLoss(t *testing.T, r *lint.Rule) bool {
	t.Helper()
	loss := slices.Contains([]lint.Impact{lint.SomePods, lint.Traffic, lint.Silent}, r.Impact) && r.Severity() == lint.Error
	examples := read(t, filepath.Join("testdata", r.ID+".txtar"))
	source := read(t, "rule_"+strings.ReplaceAll(r.ID, "-", "_")+".go")
	return loss || lossExample.MatchString(examples) || lossReport.MatchString(source)
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
