// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

// agreement says which rules of the linter find, before any packet, what a mutant breaks; or why none can.
type agreement struct {
	mutant  string
	rules   []string
	because string
}

const (
	worldBroken  = "the world is broken, not the chain"
	ownBroken    = "it breaks the chains that specs bring along, and each differs"
	intentBroken = "the chain works, and does less than the intent asks for: rendering it again shows that"
)

var agreements = []agreement{
	{"NC-01", nil, intentBroken},
	{"NC-02", []string{"portmap-capability-missing"}, ""},
	{"NC-03", []string{"portmap-capability-missing"}, ""},
	{"NC-04", []string{"portmap-without-snat"}, ""},
	{"NC-05", nil, worldBroken},
	{"NC-06", nil, intentBroken},
	{"NC-07", []string{"public-without-symmetric-routing"}, ""},
	{"NC-08", []string{"portmap-nftables"}, ""},
	{"NC-09", nil, worldBroken},
	{"NC-10", nil, worldBroken},
	{"NC-11", nil, intentBroken},
	{"NC-12", []string{"ipv6-off-in-part"}, ""},
	{"NC-13", []string{"ipv6-off-in-part"}, ""},
	{"NC-14", nil, worldBroken},
	{"NC-15", nil, worldBroken},
	{"NC-16", nil, worldBroken},
	{"NC-17", nil, worldBroken},
	{"NC-18", nil, worldBroken},
	{"NC-19", nil, worldBroken},
	{"NC-20", nil, worldBroken},
	{"NC-21", nil, worldBroken},
	{"NC-24", []string{"masqall-ignored"}, ""},
	{"NC-25", nil, worldBroken},
	{"NC-26", []string{"symmetric-numbers"}, ""},
	{"NC-27", []string{"symmetric-numbers"}, ""},
	{"NC-28", []string{"symmetric-numbers"}, ""},
	{"NC-29", []string{"symmetric-numbers"}, ""},
	{"NC-30", []string{"symmetric-numbers"}, ""},
	{"NC-31", nil, worldBroken},
	{"NC-32", []string{"ipv6-off-dual-stack"}, ""},
	{"NC-33", []string{"masqall-required"}, ""},
	{"NC-34", nil, worldBroken},
	{"NC-22", nil, worldBroken},
	{"NC-23", nil, worldBroken},
	{"NC-35", nil, worldBroken},
	{"NC-36", nil, worldBroken},
	{"NC-37", nil, worldBroken},
	{"NC-38", nil, ownBroken},
	{"NC-39", nil, ownBroken},
	{"NC-40", nil, ownBroken},
	{"NC-41", nil, ownBroken},
	{"NC-42", nil, ownBroken},
	{"NC-43", nil, ownBroken},
	{"NC-44", nil, ownBroken},
	{"NC-45", []string{"tuning-order"}, ""},
	{"NC-46", nil, worldBroken},
	{"NC-47", nil, worldBroken},
	{"NC-48", []string{"ipv6-off-dual-stack"}, ""},
	{"NC-49", []string{"ipv6-off-in-part"}, ""},
	{"NC-50", []string{"ipv6-off-in-part"}, ""},
	{"NC-51", nil, "net.ipv6.bindv6only is a sysctl like any other; only an application minds"},
	{"NC-52", nil, intentBroken},
	{"NC-55", nil, intentBroken},
	{"NC-56", nil, intentBroken},
}

// TestMutantsAgreeWithTheLinter holds both halves together: what packets show of a broken chain, the linter says
// of its text, and of the chain that works it says nothing.
func TestMutantsAgreeWithTheLinter(t *testing.T) {
	good := conformance.DefaultSetup()
	for _, f := range findings(t, good, false) {
		if f.Severity == lint.Error {
			t.Errorf("the lab's default, which passes every spec: %s: %s", f.Rule.ID, f.Message)
		}
	}
	for _, m := range conformance.Mutants() {
		i := slices.IndexFunc(agreements, func(a agreement) bool { return a.mutant == m.ID })
		switch {
		case m.Equivalent != "":
		case i < 0:
			t.Errorf("%s (%s) is in no agreement: which rule finds it, or why can none?", m.ID, m.Name)
		default:
			setup := conformance.DefaultSetup()
			m.Break(&setup)
			agreements[i].check(t, m, setup)
		}
	}
	for _, a := range agreements {
		if conformance.FindMutant(a.mutant) == nil {
			t.Errorf("there is no mutant %s", a.mutant)
		}
	}
}

// check that the rules fire, and name the mutant or a spec that it is noticed by as their proof.
func (a agreement) check(t *testing.T, m conformance.Mutant, setup conformance.Setup) {
	t.Helper()
	if (len(a.rules) == 0) == (a.because == "") {
		t.Errorf("%s: either rules find it, or there is a reason why none can", a.mutant)
	}
	found := findings(t, setup, slices.ContainsFunc(m.Kills, func(k conformance.Kill) bool { return conformance.Find(k.Spec).For == conformance.WantPublic }))
	for _, id := range a.rules {
		rule := lint.Find(id)
		if rule == nil {
			t.Errorf("%s: there is no rule %s", a.mutant, id)
			continue
		}
		if !slices.ContainsFunc(found, func(f *lint.Finding) bool { return f.Rule == rule }) {
			t.Errorf("%s (%s): %s does not fire on %s", m.ID, m.Name, id, setup.Data[terway.ConflistName])
		}
		if !strings.Contains(rule.Proof, m.ID) && !slices.ContainsFunc(m.Kills, func(k conformance.Kill) bool { return strings.Contains(rule.Proof, k.Spec) }) {
			t.Errorf("%s finds what %s breaks, and its proof names neither the mutant nor a spec that notices it: %q", id, m.ID, rule.Proof)
		}
	}
}

// findings on a setup whose intent asks for host ports, on public addresses or not, and for no IPv6.
func findings(t *testing.T, setup conformance.Setup, public bool) []*lint.Finding {
	t.Helper()
	manifest, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "data": setup.Data,
		"metadata": map[string]any{"name": terway.ConfigMapName, "namespace": terway.ConfigMapNamespace},
	})
	if err != nil {
		t.Fatal(err)
	}
	source, err := lint.ReadSource("eni-config.yaml", manifest, false)
	if err != nil || len(source.Chains) != 1 {
		t.Fatalf("%d chains: %v", len(source.Chains), err)
	}
	chain := source.Chains[0]
	chain.Wishes = lint.Wishes{HostPorts: true, Public: public, NoIPv6: true}
	return lint.Lint(chain, terway.Facts{PoolFacts: setup.Facts}).Findings
}

// proven are the ways in which a rule can be known to be right without packets; each is a test or an upstream
// word, or a written reason why there is none.
var proven = []string{"differential test", "the real terway-cli", "none needed", "by reading", "by the vendor", "(run", "run:", "run)", "_test.go", "kustomize", "yaml.v3"}

var specOrMutant = regexp.MustCompile(`\b([A-Z][A-Z0-9]{1,2}-\d{2,3})\b`)

// TestProofs: every rule says how it is known; specs and mutants that it names exist.
func TestProofs(t *testing.T) {
	for _, rule := range lint.Rules() {
		ids := specOrMutant.FindAllString(rule.Proof, -1)
		for _, id := range ids {
			if conformance.Find(id) == nil && conformance.FindMutant(id) == nil {
				t.Errorf("%s: its proof names %s, which is no spec and no mutant", rule.ID, id)
			}
		}
		if len(ids) == 0 && !slices.ContainsFunc(proven, func(way string) bool { return strings.Contains(rule.Proof, way) }) {
			t.Errorf("%s: how is it known? %q", rule.ID, rule.Proof)
		}
	}
}
