// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// difference is what `chainlint diff` reports.
type difference struct {
	Version int `json:"version"`
	// Restart: Terway must be restarted before nodes see the change.
	Restart bool `json:"restart"`
	// Keys of the ConfigMap that differ, eni_conf aside.
	Keys  []string   `json:"keys"`
	Pools []poolDiff `json:"nodePools"`
}

// poolDiff is the change for one kind of node.
type poolDiff struct {
	Name string `json:"name,omitempty"`
	// RefusedBefore and RefusedAfter are Terway's refusals, "" where it accepts.
	RefusedBefore string        `json:"refusedBefore,omitempty"`
	RefusedAfter  string        `json:"refusedAfter,omitempty"`
	Changes       []lint.Change `json:"changes"`
}

var diffFormats = []string{"text", "json", "markdown"}

func (a *app) diff(args []string) int {
	fs := a.flags("diff", "[--facts FILE] BEFORE AFTER", "Shows what the change from one eni-config to another does to the list on the nodes.")
	factsFile := fs.String("facts", "", "the ClusterFacts to use instead of those found")
	format := fs.String("format", "text", "text, json or markdown")
	rest, code, done := a.parse(fs, args)
	switch {
	case done:
		return code
	case len(rest) != 2:
		a.say("diff: name two files, before and after")
		return exitUsage
	case !slices.Contains(diffFormats, *format):
		a.say("diff: unknown format %q: %s", *format, nearest.Hint(*format, diffFormats))
		return exitUsage
	}
	d, ps := a.difference(rest[0], rest[1], *factsFile)
	if ps != nil {
		return a.tell(ps)
	}
	switch *format {
	case "json":
		text, _ := json.MarshalIndent(d, "", "  ")
		fmt.Fprintln(a.out, string(text))
	case "markdown":
		d.markdown(a.out)
	default:
		d.text(a.out)
	}
	if d.refused() {
		return exitRefused
	}
	return exitOK
}

func (a *app) difference(beforeFile, afterFile, factsFile string) (*difference, render.Problems) {
	before, ps := a.Subject(beforeFile, factsFile)
	if ps != nil {
		return nil, ps
	}
	after, ps := a.Subject(afterFile, factsFile)
	if ps != nil {
		return nil, ps
	}
	if before.Facts.Object == nil {
		before.Facts = after.Facts
	}
	if after.Facts.Object == nil {
		after.Facts = before.Facts
	}
	d := &difference{Version: 1, Keys: []string{}}
	for _, key := range terway.Keys {
		if key == terway.ENIConfKey {
			continue // never compared for anybody to see
		}
		was, had := before.Data[key]
		is, has := after.Data[key]
		if was != is || had != has {
			d.Keys = append(d.Keys, key)
		}
	}
	pools := map[string]terway.Pool{}
	for _, p := range before.Facts.Pools() {
		pools[p.Name] = p
	}
	for _, p := range after.Facts.Pools() {
		old, known := pools[p.Name]
		if !known {
			old = before.Facts.Pools()[0]
		}
		diff, ps := poolDifference(before, after, old, p)
		if ps != nil {
			return nil, ps
		}
		if p.Name == "" || !sameDiff(diff, d.Pools[0]) {
			d.Pools = append(d.Pools, diff)
		}
	}
	d.Restart = len(d.Keys) > 0 && !d.refused()
	return d, nil
}

// refused: Terway would not take the state after, so nothing must be restarted.
func (d *difference) refused() bool {
	return slices.ContainsFunc(d.Pools, func(p poolDiff) bool { return p.RefusedAfter != "" })
}

func sameDiff(a, b poolDiff) bool {
	return a.RefusedAfter == b.RefusedAfter && a.RefusedBefore == b.RefusedBefore && slices.Equal(a.Changes, b.Changes)
}

func poolDifference(before, after *input.Subject, was, is terway.Pool) (poolDiff, render.Problems) {
	diff := poolDiff{Name: is.Name, Changes: []lint.Change{}}
	old, _, ps := effectiveOf(before, was)
	if ps.Worst() > render.Refused {
		return diff, ps
	} else if ps != nil {
		diff.RefusedBefore = ps[0].Message
	}
	now, _, ps := effectiveOf(after, is)
	if ps.Worst() > render.Refused {
		return diff, ps
	} else if ps != nil {
		diff.RefusedAfter = ps[0].Message
	}
	if old == nil || now == nil {
		return diff, nil
	}
	changes, err := lint.Compare(old.Conflist, now.Conflist)
	if err != nil {
		return diff, input.Unreadable(err)
	}
	diff.Changes = append(diff.Changes, changes...)
	return diff, nil
}

// drain lists who must go first, each once.
func (d *difference) drain() []string {
	found := map[string]bool{}
	for _, p := range d.Pools {
		for _, c := range p.Changes {
			if c.Drain != "" {
				found[c.Drain] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func (d *difference) changed() bool {
	return slices.ContainsFunc(d.Pools, func(p poolDiff) bool {
		return len(p.Changes) > 0 || p.RefusedAfter != p.RefusedBefore
	})
}

func (p poolDiff) title() string {
	if p.Name == "" {
		return "nodes"
	}
	return "node pool " + p.Name
}

func (d *difference) text(w io.Writer) {
	if !d.changed() {
		fmt.Fprintln(w, "the list on the nodes does not change")
	}
	for _, p := range d.Pools {
		if p.RefusedAfter != "" {
			fmt.Fprintf(w, "%s: [init] %s\n", p.title(), p.RefusedAfter)
		} else if p.RefusedBefore != "" {
			fmt.Fprintf(w, "%s: Terway refused the state before, and accepts this one\n", p.title())
		}
		for _, c := range p.Changes {
			fmt.Fprintf(w, "%s: [%s] %s\n    %s\n", p.title(), c.Impact, c.Pointer, c.Message)
			for _, side := range []struct{ sign, text string }{{"-", c.Before}, {"+", c.After}} {
				if side.text != "" {
					fmt.Fprintf(w, "    %s %s\n", side.sign, side.text)
				}
			}
		}
	}
	for _, line := range d.steps() {
		fmt.Fprintln(w, line)
	}
}

// steps are what an operator has to do.
func (d *difference) steps() []string {
	var lines []string
	for _, who := range d.drain() {
		lines = append(lines, "drain first: "+who)
	}
	if len(d.Keys) > 0 {
		lines = append(lines, "keys that differ: "+strings.Join(d.Keys, ", "))
	}
	if d.Restart {
		lines = append(lines, "Terway must restart: "+terway.RestartCommand)
	} else if d.refused() {
		lines = append(lines, "do not restart Terway: its init container would fail, and pods on that node could neither start nor stop")
	}
	return lines
}

func (d *difference) markdown(w io.Writer) {
	fmt.Fprintln(w, "### CNI chain")
	fmt.Fprintln(w)
	if !d.changed() {
		fmt.Fprintln(w, "The list on the nodes does not change.")
	}
	for _, p := range d.Pools {
		if p.RefusedAfter != "" {
			fmt.Fprintf(w, "**%s, `init`:** %s\n\n", p.title(), cell(p.RefusedAfter))
		}
		if len(p.Changes) == 0 {
			continue
		}
		fmt.Fprintf(w, "| %s | impact | before | after | what it means |\n|---|---|---|---|---|\n", p.title())
		for _, c := range p.Changes {
			fmt.Fprintf(w, "| `%s` | %s | %s | %s | %s |\n", c.Pointer, c.Impact, code(c.Before), code(c.After), cell(c.Message))
		}
		fmt.Fprintln(w)
	}
	for _, line := range d.steps() {
		fmt.Fprintf(w, "- %s\n", cell(line))
	}
}

func cell(s string) string { return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s) }

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(cell(s), "`", "'") + "`"
}
