// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/lint"
)

// catalogue is what `chainlint rules --format json` prints.
type catalogue struct {
	Version int    `json:"version"`
	RuleSet string `json:"ruleSet"`
	Rules   []rule `json:"rules"`
}

type rule struct {
	ID       string        `json:"id"`
	Title    string        `json:"title"`
	Severity lint.Severity `json:"severity"`
	Impact   lint.Impact   `json:"impact"`
	Defeats  []string      `json:"defeats,omitempty"`
	Proof    string        `json:"proof"`
	Sources  []string      `json:"sources"`
	Docs     string        `json:"docs"`
}

var ruleFormats = []string{"text", "json"}

func (a *app) rules(args []string) int {
	fs := a.flags("rules", "[--format text|json]", "Lists all rules with the worst that each reports.")
	format := fs.String("format", "text", "text or json")
	rest, code, done := a.parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) > 0:
		a.say("rules takes no arguments, got %q: chainlint explain RULE tells about one rule", rest)
		return exitUsage
	case !slices.Contains(ruleFormats, *format):
		a.say("rules: unknown format %q: %s", *format, nearest.Hint(*format, ruleFormats))
		return exitUsage
	}
	if *format == "json" {
		a.rulesJSON()
	} else {
		a.rulesText()
	}
	return exitOK
}

func (a *app) rulesJSON() {
	all := catalogue{Version: 1, RuleSet: lint.RuleSet}
	for _, r := range lint.Rules() {
		all.Rules = append(all.Rules, rule{r.ID, r.Title, r.Severity(), r.Impact, r.Defeats, r.Proof, r.Sources, r.Docs()})
	}
	encoder := json.NewEncoder(a.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(all)
}

func (a *app) rulesText() {
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, r := range lint.Rules() {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.ID, r.Severity(), r.Impact, r.Title)
	}
	_ = table.Flush()
}

func (a *app) explain(args []string) int {
	fs := a.flags("explain", "RULE", "Prints the page of a rule: what happens, an example, what to write instead, how it is known.")
	rest, code, done := a.parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 1 {
		a.say("explain: name one rule; chainlint rules lists them")
		return exitUsage
	}
	r := lint.Find(rest[0])
	if r == nil {
		a.say("explain: there is no rule %q: %s", rest[0], ruleHint(rest[0]))
		return exitUsage
	}
	fmt.Fprint(a.out, r.Page())
	return exitOK
}

// ruleHint: whoever remembers part of a name gets those that have it, not the whole list.
func ruleHint(word string) string {
	like := nearest.Like(word, ruleIDs())
	switch {
	case len(like) > 0 && len(like) <= 5:
		return "did you mean " + strings.Join(like, " or ") + "?"
	case len(like) > 0:
		return "rules with that name in theirs are " + strings.Join(like, ", ")
	}
	return nearest.Hint(word, ruleIDs())
}

func ruleIDs() []string {
	var all []string
	for _, r := range lint.Rules() {
		all = append(all, r.ID)
	}
	return all
}
