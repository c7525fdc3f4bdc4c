// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/fake"
	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
)

func equal(v any) gomegatypes.GomegaMatcher { return gomega.Equal(v) }

// TestFailureText: who asked whom by which protocol, what was expected, what came, and the likely cause.
func TestFailureText(t *testing.T) {
	for _, c := range []struct {
		spec  *conformance.Spec
		knobs fake.Knobs
		words []string
		hint  string
	}{
		{
			cycle(probe.UDP, conformance.OtherNode), during(becomes(probe.Timeout), "open"),
			[]string{"UDP over IPv4 from other-node to 10.0.0.10:2", "while the pod runs", "expected answered", "got timeout"},
			"portmap without masqAll",
		},
		{
			cycle(probe.TCP, conformance.Localhost), during(becomes(probe.Timeout), "open"),
			[]string{"TCP over IPv4 from localhost to 127.0.0.1:2", "got timeout"},
			"nobody masquerades",
		},
		{
			cycle(probe.TCP, conformance.FromPublic), during(becomes(probe.Timeout), "open"),
			[]string{"from public to 198.51.100.10:2", "got timeout"},
			"symmetric_routing",
		},
		{
			cycle(probe.TCP, conformance.External), during(becomes(probe.Refused), "open"),
			[]string{"expected answered", "got refused"},
			`"capabilities": {"portMappings": true}`,
		},
		{
			cycle(probe.TCP, conformance.Direct), during(becomes(probe.Timeout), "open"),
			[]string{"from direct to 10.0.1.", "got timeout"},
			"plain network",
		},
		{
			cycle(probe.TCP, conformance.External), during(answeredBy("x"), "closed"),
			[]string{"before the pod", "expected refused", "got answered"},
			"an earlier pod",
		},
		{
			cycle(probe.TCP, conformance.External), during(becomes(probe.Timeout), "released"),
			[]string{"after the pod", "expected refused", "got timeout"},
			"DEL did not remove the rules",
		},
		{
			cycle(probe.TCP, conformance.External), during(answeredBy("x"), "open"),
			[]string{"expected answered", "got wrong-answer"},
			"two claimants",
		},
		{
			preserved(conformance.External), during(seenAs("10.0.0.10"), "open"),
			[]string{"the client's address preserved", "the pod saw 10.0.0.10", "the node's"},
			"masqAll",
		},
		{
			cycle(probe.TCP, conformance.External), during(becomes(probe.Timeout), "open", "control"),
			[]string{"TCP over IPv4 from external", "plain listener on the node at 10.0.0.10:2", "security group"},
			"",
		},
	} {
		got := runOne(t, c.knobs, c.spec)
		for _, w := range c.words {
			if !strings.Contains(got.Reason, w) {
				t.Errorf("%s: %q does not say %q", got.Code, got.Reason, w)
			}
		}
		if !strings.Contains(got.Hint, c.hint) {
			t.Errorf("%s: the hint %q does not say %q", got.Code, got.Hint, c.hint)
		}
	}
}

// TestReportIsComplete: what reports and comparisons live on.
func TestReportIsComplete(t *testing.T) {
	s := cycle(probe.TCP, conformance.External)
	got := runOne(t, fake.Knobs{}, s)
	if got.ID != s.ID || got.Name != s.Name || got.Level != report.Core || got.Minimum != 3 || got.Evidence != 5 || got.Seconds <= 0 {
		t.Errorf("%+v", got)
	}
	if found := conformance.Run(t.Context(), session(fake.Knobs{}), conformance.Find("HP-001")); found.Group != "host ports" {
		t.Errorf("HP-001 is of the group %q", found.Group)
	}
	var seen []string
	for _, o := range got.Observations {
		if o.Vantage != "external" || o.Protocol != probe.TCP || o.Family != 4 || !strings.HasPrefix(o.Target, "10.0.0.10:2") {
			t.Errorf("%+v", o)
		}
		seen = append(seen, strings.Join([]string{o.Phase, o.Got, o.Expected, o.Source, o.Class}, " "))
	}
	want := []string{"closed refused refused  ", "open answered answered 192.168.5.20:40000 preserved", "released refused refused  "}
	if !slices.Equal(seen, want) {
		t.Errorf("got %q, want %q", seen, want)
	}
}

func session(knobs fake.Knobs) *conformance.Session {
	setup := conformance.DefaultSetup()
	return &conformance.Session{Env: fake.New(setup, knobs), Setup: setup, Intent: everything}
}

// TestSourceClasses: what the pod saw is told apart: the client's address, the node's, another.
func TestSourceClasses(t *testing.T) {
	for from, want := range map[conformance.Vantage]string{
		conformance.External: conformance.Preserved, conformance.OtherNode: conformance.Preserved, conformance.OwnNode: conformance.Preserved,
		conformance.Direct: conformance.Preserved, conformance.FromPublic: conformance.Preserved, conformance.AtSecondary: conformance.Preserved,
		conformance.Localhost: conformance.FromNode, conformance.Hairpin: conformance.FromNode,
		conformance.OtherPod: conformance.FromNode, conformance.SameNodePod: conformance.FromNode,
	} {
		got := runOne(t, fake.Knobs{}, cycle(probe.TCP, from))
		i := slices.IndexFunc(got.Observations, func(o report.Observation) bool { return o.Phase == "open" })
		if i < 0 || got.Observations[i].Class != want {
			t.Errorf("%s: %+v, want %s", from, got.Observations, want)
		}
	}
	got := runOne(t, during(seenAs("10.0.0.99"), "open"), cycle(probe.TCP, conformance.External))
	if got.Observations[1].Class != conformance.OtherHost {
		t.Errorf("%+v", got.Observations[1])
	}
}
