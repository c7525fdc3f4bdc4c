// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/chainlint/chainlint/internal/krm"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// fnLint is the linter as a KRM function. Every item is judged as it passes by; only what is found stays.
type fnLint struct {
	subjects []fnSubject
	// local: an eni-config was passed over because it never reaches a cluster.
	local bool
	// brief: the host shows the results, so that stderr need not.
	brief bool
}

// fnSubject is an eni-config, or another object about which something was found.
type fnSubject struct {
	chain *lint.Chain
	other bool
	found []*lint.Finding
}

// fnLintSpec is the spec of a ChainLint.
type fnLintSpec struct {
	render.FactsChoice
	FailOn  string         `json:"failOn,omitempty"`
	Waivers []*lint.Waiver `json:"waivers,omitempty"`
	AsOf    string         `json:"asOf,omitempty"`

	object *manifest.Object
}

// packagePath is on every item under `kpt fn render`, which prints results; `kpt fn eval` lacks it.
const packagePath = "internal.config.kubernetes.io/package-path"

// Words implements [krm.Function].
func (f *fnLint) Words() []string {
	return []string{"chainlint.dev/", terway.ConfigMapName, terway.ConflistName, terway.CNIChainKey}
}

// Keep implements [krm.Function].
func (f *fnLint) Keep(o *manifest.Object) bool {
	f.brief = f.brief || manifest.Get(o.Node, "metadata", "annotations", packagePath) != nil
	switch {
	case render.IsOwn(o.Ref()):
		return true
	case o.Annotation(manifest.LocalConfig) == "true":
		f.local = f.local || render.IsENIConfig(o.Ref())
		return false
	}
	var source lint.Source
	source.AddObject(o, false)
	for _, c := range source.Chains {
		f.subjects = append(f.subjects, fnSubject{chain: c, found: source.Findings})
	}
	if len(source.Chains) == 0 && len(source.Findings) > 0 {
		f.subjects = append(f.subjects, fnSubject{chain: lint.NewChain(o), other: true, found: source.Findings})
	}
	return len(source.Chains)+len(source.Findings) > 0
}

// Run implements [krm.Function].
func (f *fnLint) Run(list krm.List) krm.Answer {
	spec, facts, ps := readFnLint(list)
	if ps.Worst() > render.Warning {
		a := ps.Answer()
		a.Rest = "all are in the results"
		return a
	}
	r := f.judge(spec, facts, wishesOf(list.Objects))
	if r.chains == 0 {
		r.missing = f.missing()
	}
	return r.answer(f.brief)
}

// readFnLint reads the configuration and the facts that it chooses, and refuses objects of ours that it does
// not know: passing over a misspelt ClusterFacts would leave rules unchecked.
func readFnLint(list krm.List) (*fnLintSpec, render.Facts, render.Problems) {
	spec := &fnLintSpec{object: list.Config}
	ps := render.Decode(list.Config, spec)
	if ps != nil {
		return spec, render.Facts{}, ps
	}
	for _, o := range list.Objects {
		if render.IsOwn(o.Ref()) {
			ps = append(ps, render.CheckVersion(o)...)
		}
	}
	if _, err := time.Parse(time.DateOnly, spec.AsOf); err != nil && spec.AsOf != "" {
		ps = append(ps, spec.problem("/spec/asOf", "asOf must be a date such as 2027-01-31, and there is no %s", spec.AsOf))
	}
	ps = append(ps, spec.placeWaivers()...)
	facts, more := spec.Choose(list.Config, list.Objects)
	return spec, facts, append(ps, more...)
}

// placeWaivers says of each where it stands and which files it holds for, by the paths that the host tells.
func (s *fnLintSpec) placeWaivers() render.Problems {
	var ps render.Problems
	for i, w := range s.Waivers {
		at := fmt.Sprintf("/spec/waivers/%d", i)
		for j, p := range w.Paths {
			if !validPattern(p) {
				ps = append(ps, s.problem(fmt.Sprintf("%s/paths/%d", at, j), "%q is no pattern: a [ has no ]", p))
			}
		}
		w.Configured(s.object, at, func(file string) bool {
			return w.Paths == nil || slices.ContainsFunc(w.Paths, func(p string) bool { return matches(p, file) })
		})
	}
	return ps
}

func (s *fnLintSpec) problem(pointer, format string, args ...any) render.Problem {
	return render.Problem{
		Class: render.Invalid, Code: "invalid-field", Message: fmt.Sprintf(format, args...),
		Ref: s.object.Ref(), Pointer: pointer, Offset: -1, Position: s.object.At(pointer, false),
	}
}

// judge lints every subject.
func (f *fnLint) judge(spec *fnLintSpec, facts render.Facts, wishes lint.Wishes) *fnReport {
	r := &fnReport{spec: spec}
	for _, s := range f.subjects {
		result := &lint.Result{Chain: s.chain}
		if !s.other {
			r.chains++
			s.chain.Wishes = wishes
			result = lint.Lint(s.chain, facts.Facts)
		}
		result.Findings = append(s.found, result.Findings...)
		r.results = append(r.results, result)
	}
	r.about = lint.Waive(r.results, spec.Waivers, spec.AsOf)
	return r
}

// wishesOf are what the intents among objects ask for, also those inside of a ChainRender.
func wishesOf(objects []*manifest.Object) lint.Wishes {
	var w lint.Wishes
	for _, o := range objects {
		for _, spec := range intentSpecs(o) {
			w.HostPorts = w.HostPorts || spec.HostPorts != nil
			w.Public = w.Public || spec.HostPorts != nil && spec.HostPorts.Exposure == render.Public
			w.NoIPv6 = w.NoIPv6 || spec.IPv6LinkLocal == render.Disabled
		}
	}
	return w
}

// intentSpecs of an object; what is wrong with it is for the rendering to say.
func intentSpecs(o *manifest.Object) []render.IntentSpec {
	switch {
	case !render.IsOwn(o.Ref()):
	case o.Ref().Kind == "ChainIntent":
		intent, _ := render.ParseIntent(o)
		return []render.IntentSpec{intent.Spec}
	case o.Ref().Kind == "ChainRender":
		config, _ := render.ParseConfig(o)
		var all []render.IntentSpec
		for _, i := range config.Intents {
			all = append(all, i.Spec)
		}
		return all
	}
	return nil
}

// missing: a lint that looked at nothing is never green.
func (f *fnLint) missing() *krm.Note {
	text := "there is no ConfigMap kube-system/eni-config among the items, so nothing was linted: add it, or take this function out"
	if f.local {
		text = "the ConfigMap eni-config among the items is annotated " + manifest.LocalConfig + ": \"true\", so no host sends it to the cluster and nothing was linted: take the annotation off"
	}
	return &krm.Note{Severity: krm.Error, Rule: "no-eni-config", Message: text}
}
