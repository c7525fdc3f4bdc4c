// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"github.com/chainlint/chainlint/conformance/report"
)

// reproduce is the command line of a run, or of one spec of it.
func (o *options) reproduce(id string) string {
	line := "chainlint-conformance run --env " + o.env
	focus := id
	if id == "" {
		focus = strings.Join(o.focus, ",")
	}
	mode := o.mode
	if mode == report.Enforce {
		mode = ""
	}
	for _, f := range []struct{ name, value string }{
		{"overlay", o.Overlay},
		{"eni-config", o.ENIConfig},
		{"intent", o.Intent},
		{"facts", o.Facts},
		{"plugin-dir", o.pluginDir},
		{"kubeconfig", o.kubeconfig},
		{"namespace", o.namespace},
		{"image", o.image},
		{"external", o.external},
		{"nodes", strings.Join(o.nodes, ",")},
		{"node-image", o.nodeImage},
		{"mode", mode},
		{"require", strings.Join(o.require, ",")},
		{"expectations", o.expectations},
		{"focus", focus},
	} {
		if f.value != "" {
			line += " --" + f.name + " " + quoted(f.value)
		}
	}
	for _, f := range []struct {
		name  string
		given bool
	}{{"mutants", o.mutants}, {"inspect-nodes", o.inspect}} {
		if f.given {
			line += " --" + f.name
		}
	}
	return line
}

// quoted is a word as a shell takes it.
func quoted(word string) string {
	if strings.ContainsAny(word, " \t\n'\"\\$&|;<>()*?[]#~`!{}") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}
