// SPDX-License-Identifier: Apache-2.0

package render

import (
	"github.com/chainlint/chainlint/internal/krm"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Function is [Render] as a KRM function.
type Function struct{}

// Words implements [krm.Function].
func (Function) Words() []string {
	return []string{"chainlint.dev/", terway.ConfigMapName, terway.DaemonSetName}
}

// Keep implements [krm.Function]: our own objects, a ConfigMap that is or was eni-config, Terway's DaemonSet.
func (Function) Keep(o *manifest.Object) bool {
	ref := o.Ref()
	return IsOwn(ref) || ref.Kind == "ConfigMap" && looksRenamed(o) || ref.Kind == "DaemonSet" && ref.Name == terway.DaemonSetName
}

// Run implements [krm.Function].
func (Function) Run(list krm.List) krm.Answer {
	for _, o := range list.Objects {
		if ps := keyTwice(o); ps != nil {
			return ps.Answer()
		}
	}
	in := Input{Objects: list.Objects, Config: list.Config, Others: list.Others}
	out, ps := Render(in)
	ps = append(ps, leaks(in)...)
	a := ps.Answer()
	if out == nil {
		return a
	}
	if out.Created {
		// A generator gives back what it made, not its configuration: its annotations are for the host.
		a.Only = out.ENIConfig
	}
	a.Notes = append(a.Notes, krm.Note{Severity: krm.Info, Message: "rendered " + out.Key, Ref: out.ENIConfig.Ref(), Pointer: "/data/" + out.Key})
	return a
}

// leaks warns of objects of ours that the host would send to the cluster.
func leaks(in Input) Problems {
	var ps Problems
	for _, o := range in.Objects {
		if IsOwn(o.Ref()) && o.Annotation(manifest.LocalConfig) != "true" && (in.Config == nil || !sameObject(o, in.Config)) {
			ps = append(ps, at(Warning, "no-local-config", o, "/metadata", "it lacks the annotation %s: \"true\", so the host sends it to the cluster", manifest.LocalConfig))
		}
	}
	return ps
}

// Answer is what a function says of the problems. Warnings take no line of stderr from what stops it.
func (ps Problems) Answer() krm.Answer {
	worst := ps.Worst()
	a := krm.Answer{Code: int(worst), Rest: "all are in the results, and in `chainlint render`"}
	for _, p := range ps {
		a.Notes = append(a.Notes, p.note())
		switch {
		case worst == Warning:
			a.Lines = append(a.Lines, "warning: "+p.line())
		case p.Class > Warning:
			a.Lines = append(a.Lines, p.line())
		}
	}
	return a
}

func (p Problem) line() string { return p.Error() + " [" + p.Code + "]" }

// note is the problem in the form of a result.
func (p Problem) note() krm.Note {
	n := krm.Note{Severity: krm.Error, Rule: p.Code, Message: p.Message, Ref: p.Ref, Pointer: p.Pointer, File: p.Position.File, Tags: map[string]string{}}
	if p.Class == Warning {
		n.Severity = krm.Warning
	}
	if p.Pool != "" {
		n.Tags["nodePool"] = p.Pool
	}
	return n
}
