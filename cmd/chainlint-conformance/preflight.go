// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

// preflight judges a cluster's chain as it would be after an upgrade, from its facts alone: it is UPG-007. The code
// is that of a verdict, over what is new: 1 for an error, 4 for less.
func (a *app) preflight(ctx context.Context, o *options, given []string) int {
	target, ps := input.ParseAssumption("gate: --target", given)
	if ps != nil {
		return a.tell("gate", ps)
	}
	live, err := a.connect(ctx, o)
	if err != nil {
		return a.tell("gate", err)
	}
	if o.live = live; o.ENIConfig != "" || o.Overlay != "" {
		return a.tell("gate", wrong("--target judges the chain that the cluster runs: chainlint lint --assume judges others"))
	}
	judged, err := live.targets()
	if err != nil {
		return a.tell("gate", err)
	}
	today := judged[0].Facts
	then, err := target.Facts(today)
	if err != nil {
		return a.tell("gate", err)
	}
	objects, err := manifest.Read("the live eni-config", []byte(live.live.Config))
	if err != nil {
		return a.tell("gate", err)
	}
	fmt.Fprintf(a.out, "The chain of %s, with %s:\n", live.access.Rest.Host, strings.Join(target.Given, " "))
	code := a.hazards(lint.Lint(lint.NewChain(objects[0]), today), lint.Lint(lint.NewChain(objects[0]), then))
	return slices.MaxFunc([]int{code, a.otherLists(judged[0].Data, today, then)}, byGravity)
}

// hazards prints what is found with the target's facts and is not found today.
func (a *app) hazards(today, then *lint.Result) int {
	code, quiet, known := exitOK, true, map[string]bool{}
	for _, f := range today.Findings {
		for _, h := range hazard(f) {
			known[h] = true
		}
	}
	for _, f := range then.Findings {
		if known[about(f)+everyPool] || !slices.ContainsFunc(hazard(f), func(h string) bool { return !known[h] }) {
			continue
		}
		quiet = false
		switch f.Severity {
		case lint.Error:
			code = 1
		case lint.Warning:
			code = slices.MaxFunc([]int{code, exitHold}, byGravity)
		}
		fmt.Fprintf(a.out, "%s: %s [%s]\n", f.Severity, f.Message, f.Rule.ID)
	}
	for _, m := range then.NotChecked {
		fmt.Fprintf(a.out, "not judged: %s, for want of the facts %s\n", m.Rule, strings.Join(m.Needs, ", "))
	}
	if quiet {
		fmt.Fprintln(a.out, "No new hazard is known.")
	}
	return code
}

// hazard is what a finding is about, once for each pool: its message may name the release.
func hazard(f *lint.Finding) []string {
	if f.NodePools == nil {
		return []string{about(f) + everyPool}
	}
	var all []string
	for _, pool := range f.NodePools {
		all = append(all, about(f)+pool)
	}
	return all
}

const everyPool = "*"

func about(f *lint.Finding) string { return fmt.Sprintf("%s %+v ", f.Rule.ID, f.Place) }

// otherLists names node pools whose list changes with the target.
func (a *app) otherLists(data map[string]string, today, then terway.Facts) int {
	code, before := exitOK, today.Pools()
	for i, pool := range then.Pools() {
		lists := [2]string{}
		for k, facts := range []terway.PoolFacts{before[i].PoolFacts, pool.PoolFacts} {
			lists[k] = conformance.Setup{Data: data, Facts: facts}.Effective()
		}
		if lists[0] != lists[1] {
			fmt.Fprintf(a.out, "The list that Terway writes%s becomes another one: chainlint diff shows it.\n", poolName(pool.Name))
			code = exitHold
		}
	}
	return code
}

func poolName(name string) string {
	if name == "" {
		return ""
	}
	return " on nodes of the pool " + name
}
