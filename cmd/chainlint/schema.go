// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/internal/schema"
	"github.com/chainlint/chainlint/pkg/lint"
)

func (a *app) schema(args []string) int {
	fs := a.flags("schema", "KIND", "Prints the JSON Schema of a kind: "+strings.Join(schema.Kinds(), ", ")+".")
	rest, code, done := a.parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 1 {
		a.say("schema: name one kind of %s", strings.Join(schema.Kinds(), ", "))
		return exitUsage
	}
	text, ok := schema.Text(rest[0])
	if !ok {
		a.say("schema: unknown kind %q: %s", rest[0], nearest.Hint(rest[0], schema.Kinds()))
		return exitUsage
	}
	_, _ = a.out.Write(text)
	return exitOK
}

// release is set by the release build with -ldflags.
var release string

func (a *app) version(args []string) int {
	fs := a.flags("version", "", "Prints the version, and that of the rules as a whole.")
	if _, code, done := a.parse(fs, args); done {
		return code
	}
	fmt.Fprintln(a.out, "chainlint", versionText())
	fmt.Fprintln(a.out, "rule set", lint.RuleSet)
	return exitOK
}

func versionText() string {
	info, ok := debug.ReadBuildInfo()
	if release != "" || !ok {
		return release
	}
	text := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && !strings.Contains(text, s.Value[:12]) {
			text += " " + s.Value
		}
	}
	return text
}
