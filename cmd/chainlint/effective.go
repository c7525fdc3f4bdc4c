// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

func (a *app) effective(args []string) int {
	fs := a.flags("effective", "[--facts FILE] FILE|-", "Prints the list that Terway writes to a node for the eni-config in FILE.\nExit 1 where Terway would refuse it.")
	factsFile := fs.String("facts", "", "the ClusterFacts to use instead of those found")
	poolName := fs.String("node-pool", "", "the node pool to look at; without it, the nodes outside the named pools")
	s, code := a.onlySubject(fs, args, factsFile)
	if s == nil {
		return code
	}
	pool, ps := choosePool(s.facts, *poolName)
	if ps != nil {
		return a.tell(ps)
	}
	result, assumed, ps := s.effective(pool)
	if len(assumed) > 0 {
		a.say("assumed, because the facts leave it out: %s", strings.Join(assumed, "; "))
	}
	if ps != nil {
		return a.tell(ps)
	}
	if result.Unordered {
		a.say("warning: plugins is an object, which Terway reads in random order; it is shown sorted by key")
	}
	fmt.Fprintln(a.out, strings.TrimSuffix(result.Conflist, "\n"))
	return exitOK
}

// subject is an eni-config with the facts that hold for it.
type subject struct {
	file   string
	object *manifest.Object
	data   map[string]string
	facts  render.Facts
	// partial: keys that are absent are the live object's.
	partial bool
}

// onlySubject parses the flags of a command that takes one file, and reads it. A nil subject means that the
// command ends here with that code.
func (a *app) onlySubject(fs *pflag.FlagSet, args []string, factsFile *string) (*subject, int) {
	rest, code, done := a.parse(fs, args)
	if done {
		return nil, code
	}
	if len(rest) != 1 {
		a.say("%s: name one file, or - for stdin", fs.Name())
		return nil, exitUsage
	}
	s, ps := a.subject(rest[0], *factsFile)
	return s, a.tell(ps)
}

// subject reads the eni-config of a file, and its facts: --facts, the same stream, the nearest file.
func (a *app) subject(file, factsFile string) (*subject, render.Problems) {
	objects, err := a.readObjects(file)
	if err != nil {
		return nil, unreadable(err)
	}
	s := &subject{file: file}
	if s.object, s.data, err = render.ReadENIConfig(objects); err != nil {
		var ps render.Problems
		if errors.As(err, &ps) {
			return nil, ps
		}
		return nil, unreadable(err)
	}
	s.partial = s.object.Annotation(render.PartialAnnotation) == "true"
	facts, ps := render.OnlyFacts(objects)
	switch {
	case factsFile != "":
		facts, ps = a.factsFrom(factsFile)
	case facts == nil && ps == nil && file != "-":
		facts, ps = nearestFacts(file)
	}
	if ps != nil {
		return nil, ps
	}
	if facts != nil {
		if s.facts, ps = render.ParseFacts(facts); ps != nil {
			return nil, ps
		}
	}
	if conf := s.facts.Terway.Conf; s.partial && conf != "" && s.data[terway.ConfKey] == "" {
		s.data[terway.ConfKey] = conf
	}
	return s, nil
}

func choosePool(facts render.Facts, name string) (terway.Pool, render.Problems) {
	var names []string
	for _, p := range facts.Pools() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	if len(names) == 1 {
		return terway.Pool{}, usage("there is no node pool %q: the facts name none", name)
	}
	return terway.Pool{}, usage("there is no node pool %q: %s", name, nearest.Hint(name, names[1:]))
}

// effective asks Terway's merge; a refusal is a problem at its place in the file.
func (s *subject) effective(pool terway.Pool) (*terway.Result, []string, render.Problems) {
	node, assumed, err := pool.EffectiveNode()
	if err != nil {
		return nil, nil, usage("%v: say it in the ClusterFacts, or name them with --facts", err)
	}
	node.PartialData = s.partial
	result, err := terway.Effective(s.data, node)
	var refusal *terway.Refusal
	if errors.As(err, &refusal) {
		pointer := "/data"
		if refusal.Key != "" {
			pointer += "/" + refusal.Key
		}
		return nil, assumed, render.Problems{{
			Class: render.Refused, Code: "terway-refuses", Ref: s.object.Ref(), Pointer: pointer, Offset: -1,
			Position: s.object.At(pointer, true), Message: "Terway " + pool.Terway.Version + " refuses this, and its init container fails: " + refusal.Error(),
		}}
	}
	return result, assumed, nil
}
