// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
)

func (a *app) facts(args []string) int {
	fs := a.flags("facts", "[FILE|-]...", "Prints a ClusterFacts with the source of each fact.\nUse: kubectl get ds,cm,nodes -A -o yaml | chainlint facts -")
	name := fs.String("name", "cluster", "the name of the ClusterFacts")
	rest, code, done := a.parse(fs, args)
	if done {
		return code
	}
	if len(rest) == 0 {
		rest = []string{"-"}
	}
	var objects []*manifest.Object
	for _, file := range rest {
		more, err := a.readObjects(file)
		if err != nil {
			return a.tell(unreadable(err))
		}
		objects = append(objects, more...)
	}
	found := render.ReadFacts(objects)
	for _, line := range found.Unknown {
		a.say("unknown: %s", line)
	}
	if found.Empty() {
		a.say("nothing among %d objects tells a fact: hand over DaemonSets, ConfigMaps and Nodes", len(objects))
		return exitUsage
	}
	comments := map[string]string{}
	for _, fact := range slices.Sorted(maps.Keys(found.Sources)) {
		comments[fact] = found.Sources[fact]
	}
	text, err := documents(document{kind: "ClusterFacts", name: *name, spec: found.Facts, comments: comments, head: unknownComment(found.Unknown)})
	if err != nil {
		return a.tell(unreadable(err))
	}
	_, _ = a.out.Write(text)
	return exitOK
}

func unknownComment(unknown []string) string {
	if len(unknown) == 0 {
		return ""
	}
	return "# Unknown:\n#   " + strings.Join(unknown, "\n#   ")
}
