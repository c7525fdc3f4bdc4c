// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"errors"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/terway"
)

// TestExcuse: in a user namespace, what the kernel keeps from ordinary users is not held against a chain; what no
// pod has, is. Root sees all that pods have.
func TestExcuse(t *testing.T) {
	available := labs(t)
	for _, c := range []struct {
		name, sysctl   string
		change         func(*conformance.Setup)
		rootless, root report.Outcome
		code           string // without root
	}{
		{"hidden", `"net.ipv6.route.mtu_expires":"600"`, nil, report.Inconclusive, report.Pass, "excused"},
		{"groups", `"net.ipv4.ping_group_range":"0 2147483647"`, nil, report.Inconclusive, report.Pass, "excused"},
		{"no such sysctl", `"net.ipv6.route.mtu_expired":"600"`, nil, report.Fail, report.Fail, "start-pod"},
		{"no such value", `"net.ipv6.conf.all.disable_ipv6":"x"`, nil, report.Fail, report.Fail, "start-pod"},
		{"a node without IPv6", `"net.ipv6.conf.all.disable_ipv6":"1"`, func(s *conformance.Setup) { s.Facts.Node.IPv6 = terway.IPv6Disabled }, report.Fail, report.Fail, "start-pod"},
		{"shown", `"net.ipv4.tcp_fin_timeout":"30"`, nil, report.Pass, report.Pass, ""},
	} {
		setup := conformance.DefaultSetup()
		setup.Data = conformance.Chain(conformance.PlainTerway, `{"type":"tuning","sysctl":{`+c.sysctl+`}}`)
		if c.change != nil {
			c.change(&setup)
		}
		if got := available.one(t, true, setup, "CHN-001"); got.Outcome != c.rootless || got.Code != c.code || c.code == "excused" && !strings.Contains(got.Reason, "run as root") {
			t.Errorf("%s, as an ordinary user: %s (%s) %s", c.name, got.Outcome, got.Code, got.Reason)
		}
		if available.rootless {
			continue
		}
		if got := available.one(t, false, setup, "CHN-001"); got.Outcome != c.root {
			t.Errorf("%s, as root: %s (%s) %s", c.name, got.Outcome, got.Code, got.Reason)
		}
	}
}

// one runs one spec in a world.
func (l lab) one(t *testing.T, rootless bool, setup conformance.Setup, id string) (got report.Spec) {
	t.Helper()
	err := Run(t.Context(), conformance.Plan{Setup: setup, Specs: []string{id}}, l.plugins, rootless, func(e conformance.Event) {
		if e.Spec != nil {
			got = *e.Spec
		}
	})
	if err != nil && rootless && !l.rootless {
		t.Skipf("root gets no user namespace here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestExcuseNeedsTuning: other plugins, other messages.
func TestExcuseNeedsTuning(t *testing.T) {
	t.Parallel()
	for plugin, text := range map[string]string{
		"portmap": "open /proc/sys/net/ipv6/route/mtu_expires: no such file or directory",
		"tuning":  "Sysctl net.ipv6.route.mtu_expires is not allowed",
	} {
		if why := excuse(plugin, errors.New(text)); why != "" {
			t.Errorf("%s: %s", plugin, why)
		}
	}
}
