// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/krm"
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
	found := render.NewFacts()
	for _, file := range rest {
		if err := a.addFacts(found, file); err != nil {
			return a.tell(input.Unreadable(err))
		}
	}
	found.Done()
	for _, line := range found.Unknown {
		a.say("unknown: %s", line)
	}
	if found.Empty() {
		a.say("nothing here tells a fact: hand over DaemonSets, ConfigMaps and Nodes")
		return exitUsage
	}
	text, err := input.Documents(input.FactsDocument(*name, found))
	if err != nil {
		return a.tell(input.Unreadable(err))
	}
	_, _ = a.out.Write(text)
	return exitOK
}

// maxList bounds a List, which is read one item at a time.
const maxList = 512 << 20

// addFacts reads the objects of a file, item by item where it is a List.
func (a *app) addFacts(found *render.FoundFacts, file string) error {
	text, err := a.UpTo(file, maxList)
	if err != nil {
		return err
	}
	if isList, err := krm.EachItem(string(text), found.Add); isList || err != nil {
		return err
	}
	if len(text) > input.MaxFile {
		return fmt.Errorf("%s is larger than %d MiB and no List as kubectl prints it: hand over several files", file, input.MaxFile>>20)
	}
	objects, err := manifest.Read(file, text)
	for _, o := range input.ExpandLists(objects) {
		found.Add(o)
	}
	return err
}
