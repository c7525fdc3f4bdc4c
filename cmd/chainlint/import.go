// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"slices"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

func (a *app) importChain(args []string) int {
	fs := a.flags("import", "[--facts FILE] FILE|-", "Prints a ChainIntent and a ClusterFacts whose rendering is the chain in FILE.")
	factsFile := fs.String("facts", "", "the ClusterFacts to use instead of those found")
	name := fs.String("name", "imported", "the name of the intent and of the facts")
	s, code := a.onlySubject(fs, args, factsFile)
	if s == nil {
		return code
	}
	im, err := render.Import(s.Object, s.Data, s.Facts.Facts)
	if err != nil {
		return a.tell(render.Problems{{
			Class: render.Refused, Code: "not-importable", Ref: s.Object.Ref(), Offset: -1, Message: err.Error(),
			Pointer: "/data/" + terway.ConflistName, Position: s.Object.At("/data/"+terway.ConflistName, true),
		}})
	}
	for _, fact := range slices.Sorted(maps.Keys(im.Assumed)) {
		a.say("assumed %s: %s. Check it", fact, im.Assumed[fact])
	}
	for _, raw := range im.Raw {
		a.say("%s", raw)
	}
	text, err := input.Documents(
		input.Document{Kind: "ChainIntent", Name: *name, Spec: im.Spec},
		input.Document{Kind: "ClusterFacts", Name: *name, Spec: im.Facts, Comments: assumptions(im.Assumed)})
	if err != nil {
		return a.tell(input.Unreadable(err))
	}
	_, _ = a.out.Write(text)
	return exitOK
}

func assumptions(assumed map[string]string) map[string]string {
	comments := map[string]string{}
	for fact, why := range assumed {
		comments[fact] = "assumed: " + why
	}
	return comments
}
