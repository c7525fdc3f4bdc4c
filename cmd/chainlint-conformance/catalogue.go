// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/internal/nearest"
)

// catalogue is what `specs --format json` prints.
type catalogue struct {
	Version int      `json:"version"`
	Specs   []spec   `json:"specs"`
	Mutants []mutant `json:"mutants"`
}

type spec struct {
	ID       string                `json:"id"`
	Name     string                `json:"name"`
	Group    string                `json:"group"`
	Level    conformance.Level     `json:"level"`
	For      conformance.Wish      `json:"for,omitempty"`
	Own      bool                  `json:"ownChain,omitempty"`
	Disrupts bool                  `json:"disruptive,omitempty"`
	Needs    []conformance.Feature `json:"needs,omitempty"`
	Evidence int                   `json:"evidence"`
	Why      string                `json:"why"`
	Sources  []string              `json:"sources,omitempty"`
}

type mutant struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	KilledBy   []string `json:"killedBy,omitempty"`
	Equivalent string   `json:"equivalent,omitempty"`
}

var catalogueFormats = []string{"text", "json"}

func (a *app) specs(_ context.Context, args []string) int {
	fs := a.flags("specs", "[--format text|json]", "Lists all specs and mutants.")
	format := fs.String("format", "text", "text or json")
	rest, code, done := a.parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) > 0:
		a.say("specs takes no arguments, got %q: chainlint-conformance explain ID tells about one", rest)
		return exitUsage
	case !slices.Contains(catalogueFormats, *format):
		a.say("specs: unknown format %q: %s", *format, nearest.Hint(*format, catalogueFormats))
		return exitUsage
	}
	if *format == "json" {
		a.specsJSON()
	} else {
		a.specsText()
	}
	return exitOK
}

func (a *app) specsText() {
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, s := range conformance.Specs() {
		asked := string(s.For)
		if s.Own {
			asked = "proves the tool"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.ID, s.Level, asked, s.Name)
	}
	for _, m := range conformance.Mutants() {
		kind := "mutant"
		if m.Equivalent != "" {
			kind = "equivalent"
		}
		fmt.Fprintf(table, "%s\t%s\t\t%s\n", m.ID, kind, m.Name)
	}
	_ = table.Flush()
}

func (a *app) specsJSON() {
	all := catalogue{Version: 1}
	for _, s := range conformance.Specs() {
		all.Specs = append(all.Specs, spec{s.ID, s.Name, conformance.GroupOf(s.ID), s.Level, s.For, s.Own, s.Disruptive, s.Needs, s.Evidence, s.Why, s.Sources})
	}
	for _, m := range conformance.Mutants() {
		all.Mutants = append(all.Mutants, mutant{m.ID, m.Name, m.KilledBy(), m.Equivalent})
	}
	encoder := json.NewEncoder(a.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(all)
}

func (a *app) explain(_ context.Context, args []string) int {
	fs := a.flags("explain", "ID", "Prints the page of a spec or a mutant: what it claims, why, and how it is shown.")
	rest, code, done := a.parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 1 {
		a.say("explain: name one spec or mutant; chainlint-conformance specs lists them")
		return exitUsage
	}
	id := strings.ToUpper(rest[0])
	page := conformance.Page(id)
	if page == "" {
		a.say("explain: there is no spec or mutant %q: %s", rest[0], idHint(id))
		return exitUsage
	}
	fmt.Fprint(a.out, page)
	return exitOK
}

// release is set by the release build with -ldflags.
var release string

func (a *app) version(_ context.Context, args []string) int {
	fs := a.flags("version", "", "Prints the version.")
	rest, code, done := a.parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) > 0:
		a.say("version takes no arguments, got %q", rest)
		return exitUsage
	}
	fmt.Fprintln(a.out, "chainlint-conformance", toolVersion())
	return exitOK
}

func toolVersion() string {
	info, ok := debug.ReadBuildInfo()
	if release != "" || !ok {
		return release
	}
	return info.Main.Version
}
