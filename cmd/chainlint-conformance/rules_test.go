// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/conformance/netns"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/conformance/target"
	"github.com/chainlint/chainlint/internal/plugins"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// intents that rules name as defeated.
var defeated = map[string]render.IntentSpec{
	"hostPorts":                  {HostPorts: &render.HostPorts{Exposure: render.Private}},
	"hostPorts.exposure: Public": {HostPorts: &render.HostPorts{Exposure: render.Public}},
	"hostPorts.masqAll":          {HostPorts: &render.HostPorts{Exposure: render.Private, MasqAll: new(true)}},
	"ipv6LinkLocal: Disabled":    {IPv6LinkLocal: render.Disabled},
	"sysctls":                    {Sysctls: map[string]string{"net.core.somaxconn": "1024"}},
}

// example is a chain from a rule's page on which the linter reports an error.
type example struct {
	name   string
	target *target.Target
	why    string
}

// startsNothing are the impacts for which no intent is needed: nothing, or not everything, starts.
var startsNothing = []lint.Impact{lint.Init, lint.Node, lint.AllPods}

// TestLintErrorsAreNoGo: whatever the linter calls an error, on the pages of its rules, packets show, too, once
// the intent is given that the rule says is defeated.
func TestLintErrorsAreNoGo(t *testing.T) {
	if testing.Short() {
		t.Skip("labs take their time")
	}
	rootless, err := netns.Available(t.Context())
	if err != nil {
		t.Skip(err)
	}
	for i, e := range examples(t, broken) {
		if !*full && i%4 > 0 {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			verdicts := e.verdicts(t, rootless, true)
			if !slices.ContainsFunc(verdicts, func(v report.Verdict) bool { return v.Word == report.NoGo }) {
				t.Errorf("%s\nthe verdict is %v", e.why, verdicts)
			}
		})
	}
}

// TestSilenceIsGo: where the linter has nothing to say about what pods and packets do, packets do what the chain
// is for. HOLD is for worlds that cannot be had here, and for what the run cannot decide.
func TestSilenceIsGo(t *testing.T) {
	if testing.Short() {
		t.Skip("labs take their time")
	}
	rootless, err := netns.Available(t.Context())
	if err != nil {
		t.Skip(err)
	}
	for i, e := range examples(t, silent) {
		if !*full && i%4 > 0 {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			for _, v := range e.verdicts(t, rootless, false) {
				if v.Word != report.Go && !slices.ContainsFunc(undecidable, func(why string) bool { return strings.Contains(fmt.Sprint(v.Reasons), why) }) {
					t.Errorf("the verdict is %s: %s", v.Word, strings.Join(v.Reasons, "\n"))
				}
			}
		})
	}
}

// undecidable are the reasons for which a good chain may be held.
var undecidable = []string{"CRI-O serves host ports itself", "run without IPv6 (node.ipv6: Disabled)"}

// verdicts on all node pools of an example. failFast: the first core spec that fails ends the run.
func (e example) verdicts(t *testing.T, rootless, failFast bool) []report.Verdict {
	t.Helper()
	w := labs{asUser: rootless, plugins: netns.Plugins{}}
	o := &options{env: "netns", mode: report.Enforce}
	var all []report.Verdict
	for _, pool := range e.target.Facts.Pools() {
		c := newCase(e.target, pool, o)
		c.plan.FailFast = failFast
		for _, release := range releases([]*testCase{c}, o) {
			dir, err := plugins.Dir(t.Context(), release)
			if err != nil {
				t.Skip(err)
			}
			w.plugins[release] = dir
		}
		all = append(all, c.judge(c.run(t.Context(), o, w, discard{})))
	}
	return all
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// examples of all pages, as a choice makes them of a chain and what the linter finds of it.
func examples(t *testing.T, choose choice) []example {
	t.Helper()
	var all []example
	seen := map[string]bool{}
	for _, rule := range lint.Rules() {
		archive, err := txtar.ParseFile(filepath.Join("..", "..", "pkg", "lint", "testdata", rule.ID+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if name, ok := strings.CutSuffix(f.Name, "/eni-config.yaml"); ok && !strings.Contains(name, "/") {
				for _, e := range examplesOf(t, rule, archive, name, choose) {
					// Many pages show the same chain.
					if key := fmt.Sprintf("%q %+v %+v", e.target.Data, e.target.Facts, target.Words(e.target.Intent)); !seen[key] {
						seen[key] = true
						all = append(all, e)
					}
				}
			}
		}
	}
	return all
}

func examplesOf(t *testing.T, rule *lint.Rule, archive *txtar.Archive, name string, choose choice) []example {
	t.Helper()
	dir := t.TempDir()
	var facts terway.Facts
	for _, f := range archive.Files {
		switch f.Name {
		case name + "/eni-config.yaml":
			if err := os.WriteFile(filepath.Join(dir, "eni-config.yaml"), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		case name + "/facts.yaml":
			if err := yaml.UnmarshalStrict(f.Data, &facts); err != nil {
				t.Fatal(err)
			}
		case name + "/before/eni-config.yaml", name + "/wishes":
			return nil // about a change, or about an intent that is not in the chain
		}
	}
	targets, err := target.Load(target.Options{ENIConfig: filepath.Join(dir, "eni-config.yaml")})
	var ps render.Problems
	if errors.As(err, &ps) {
		return nil // it cannot be read, so nothing can be run
	}
	tg := targets[0]
	tg.Facts = facts
	tg.Intent = target.Infer(tg.Data, facts)
	text, err := os.ReadFile(filepath.Join(dir, "eni-config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := lint.ReadSource("eni-config.yaml", text, false)
	if err != nil || len(source.Chains) != 1 {
		return nil
	}
	return choose(rule, rule.ID+"/"+name, tg, lint.Lint(source.Chains[0], tg.Facts))
}

type choice func(rule *lint.Rule, name string, tg *target.Target, found *lint.Result) []example

// silent chooses chains of which the linter says nothing that pods or packets would notice, and for which it
// lacks no fact.
func silent(_ *lint.Rule, name string, tg *target.Target, found *lint.Result) []example {
	if len(found.NotChecked) > 0 || slices.ContainsFunc(found.Findings, func(f *lint.Finding) bool { return f.Impact != lint.Hygiene }) {
		return nil
	}
	return []example{{name, tg, ""}}
}

// broken chooses the example without an intent if nothing starts, and with each intent that its errors defeat.
func broken(rule *lint.Rule, name string, tg *target.Target, found *lint.Result) []example {
	var all []example
	for _, f := range found.Findings {
		if f.Severity != lint.Error || f.Rule != rule {
			continue
		}
		why := fmt.Sprintf("%s (%s): %s", f.Rule.ID, f.Impact, f.Message)
		if slices.Contains(startsNothing, f.Impact) {
			plain := *tg
			plain.Intent, plain.Inferred = render.IntentSpec{}, false
			all = append(all, example{name, &plain, why})
			continue
		}
		for _, field := range f.Rule.Defeats {
			with := *tg
			with.Intent, with.Inferred = defeated[field], false
			all = append(all, example{name + "/" + field, &with, why})
		}
	}
	return all
}
