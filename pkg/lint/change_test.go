// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainlint/chainlint/pkg/lint"
)

func TestCompare(t *testing.T) {
	list := func(plugins string) string { return `{"name":"terway-chainer","plugins":[` + plugins + `]}` }
	const terway, portmap, tuning = `{"type":"terway"}`, `{"type":"portmap"}`, `{"type":"tuning"}`
	for _, c := range []struct {
		name, before, after string
		want                []string // pointer, impact, drain
	}{
		{"nothing", terway + "," + portmap, terway + "," + portmap, nil},
		{"added", terway, terway + "," + tuning, []string{"/plugins/1 hygiene "}},
		{"portmap removed", terway + "," + portmap, terway, []string{"/plugins/1 traffic pods with host ports"}},
		{"terway removed", terway + "," + portmap, portmap, []string{"/plugins/0 all-pods "}},
		{"renamed", terway + "," + tuning, terway + `,{"type":"tuning2"}`, []string{"/plugins/1 traffic ", "/plugins/1 hygiene "}},
		{"backend", terway + `,{"type":"portmap","backend":"iptables"}`, terway + `,{"type":"portmap","backend":"nftables"}`, []string{"/plugins/1/backend traffic pods with host ports"}},
		{"symmetric routing off", `{"type":"terway","symmetric_routing":true}`, terway, []string{"/plugins/0/symmetric_routing traffic "}},
		{"order", terway + "," + portmap + "," + tuning, terway + "," + tuning + "," + portmap, []string{"/plugins traffic "}},
		{"one of two", terway + "," + tuning + "," + tuning, terway + "," + tuning, []string{"/plugins/2 traffic "}},
		{"a member with a slash", `{"type":"terway","a/b":1}`, `{"type":"terway","a/b":2}`, []string{"/plugins/0/a~1b hygiene "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			changes, err := lint.Compare(list(c.before), list(c.after))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, change := range changes {
				got = append(got, change.Pointer+" "+string(change.Impact)+" "+change.Drain)
				if change.Message == "" || change.Level != lint.SeverityOf(change.Impact, false) {
					t.Errorf("incomplete: %+v", change)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := lint.Compare("{", "{}"); err == nil {
		t.Error("a broken list was compared")
	}
}

func TestSeverityFollowsFromImpact(t *testing.T) {
	for impact, want := range map[lint.Impact][2]lint.Severity{
		lint.Init: {lint.Error, lint.Error}, lint.Node: {lint.Error, lint.Error}, lint.AllPods: {lint.Error, lint.Error}, lint.SomePods: {lint.Error, lint.Error},
		lint.Traffic: {lint.Warning, lint.Error}, lint.Silent: {lint.Warning, lint.Error}, lint.Hygiene: {lint.Info, lint.Info},
	} {
		if got := [2]lint.Severity{lint.SeverityOf(impact, false), lint.SeverityOf(impact, true)}; got != want {
			t.Errorf("%s: %v", impact, got)
		}
	}
}
