// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/pkg/terway"
)

// renderedFile is the committed rendering of a directory, in input.RenderedDir.
const renderedFile = "eni-config.yaml"

type renderFlags struct {
	files                 []string
	facts, output         string
	check, write, explain bool
}

func (a *app) render(args []string) int {
	var f renderFlags
	fs := a.flags("render", "[-f FILE|DIR]... [DIR]...", "Renders intents and facts into eni-config.\nDIRs with a kustomization are composed as kustomize build does; other DIRs are read as they are.")
	fs.StringArrayVarP(&f.files, "filename", "f", nil, "a manifest, a directory, or - for stdin; repeatable")
	fs.StringVar(&f.facts, "facts", "", "the ClusterFacts to use instead of those found")
	fs.StringVarP(&f.output, "output", "o", "", "write to this file instead of stdout")
	fs.BoolVar(&f.check, "check", false, "compare every DIR that holds a ChainRender with its rendered/eni-config.yaml; exit 1 on drift")
	fs.BoolVar(&f.write, "write", false, "write rendered/eni-config.yaml of every DIR that holds a ChainRender")
	fs.BoolVar(&f.explain, "explain", false, "print the intent and the fact behind every part of the chain")
	rest, code, done := a.parse(fs, args)
	if done {
		return code
	}
	f.files = append(f.files, rest...)
	switch {
	case f.check && f.write, (f.check || f.write) && (f.explain || f.output != ""):
		a.say("--check, --write, and --explain or -o exclude each other")
		return exitUsage
	case f.check || f.write:
		return a.renderDirs(f)
	case len(f.files) == 0:
		a.say("render: name what to render: -f FILE or -f DIR")
		return exitUsage
	}
	return a.renderOnce(f)
}

func (a *app) renderOnce(f renderFlags) int {
	r, ps := a.Render(f.files, f.facts)
	code := a.tell(ps)
	if r == nil {
		return code
	}
	text := r.Text
	if f.explain {
		text = explanation(r)
	} else if !r.Output.Annotated {
		a.say("applying this changes nothing on nodes whose Terway keeps running: restart it with\n  %s", terway.RestartCommand)
	}
	if err := a.emit(f.output, text); err != nil {
		a.say("%v", unwritten(cmp.Or(f.output, "standard output"), err))
		return exitUnreadable
	}
	return code
}

func (a *app) emit(file string, text []byte) error {
	if file != "" {
		return writeFile(file, text)
	}
	_, err := a.out.Write(text)
	return err
}

// explanation is a table: pointer, value, intent with its place, fact.
func explanation(r *input.Rendering) []byte {
	var b strings.Builder
	for _, reason := range r.Output.Reasons {
		fmt.Fprintf(&b, "%s\n    %s\n", reason.Pointer, reason.Value)
		if reason.Intent != nil {
			place := r.Locate(reason.Intent.Object, reason.IntentPointer)
			fmt.Fprintf(&b, "    intent  %s, %s (%s)\n", reason.Intent.Name, dotted(reason.IntentPointer), place)
		}
		if reason.Fact != "" {
			fmt.Fprintf(&b, "    fact    %s\n", reason.Fact)
		}
	}
	return []byte(b.String())
}
