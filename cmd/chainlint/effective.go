// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/chainlint/chainlint/internal/input"
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
	pool, ps := choosePool(s.Facts, *poolName)
	if ps != nil {
		return a.tell(ps)
	}
	result, assumed, ps := effectiveOf(s, pool)
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

// onlySubject parses the flags of a command that takes one file, and reads it. A nil subject means that the
// command ends here with that code.
func (a *app) onlySubject(fs *pflag.FlagSet, args []string, factsFile *string) (*input.Subject, int) {
	rest, code, done := a.parse(fs, args)
	if done {
		return nil, code
	}
	if len(rest) != 1 {
		a.say("%s: name one file, or - for stdin", fs.Name())
		return nil, exitUsage
	}
	s, ps := a.Subject(rest[0], *factsFile)
	return s, a.tell(ps)
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
		return terway.Pool{}, input.Usage("there is no node pool %q: the facts name none", name)
	}
	return terway.Pool{}, input.Usage("there is no node pool %q: %s", name, nearest.Hint(name, names[1:]))
}

// effectiveOf asks Terway's merge; a refusal is a problem at its place in the file.
func effectiveOf(s *input.Subject, pool terway.Pool) (*terway.Result, []string, render.Problems) {
	node, assumed, err := pool.EffectiveNode()
	if err != nil {
		return nil, nil, input.Usage("%v: say it in the ClusterFacts, or name them with --facts", err)
	}
	node.PartialData = s.Partial
	result, err := terway.Effective(s.Data, node)
	var refusal *terway.Refusal
	if errors.As(err, &refusal) {
		pointer := "/data"
		if refusal.Key != "" {
			pointer += "/" + refusal.Key
		}
		return nil, assumed, render.Problems{{
			Class: render.Refused, Code: "terway-refuses", Ref: s.Object.Ref(), Pointer: pointer, Offset: -1,
			Position: s.Object.At(pointer, true), Message: "Terway " + pool.Terway.Version + " refuses this, and its init container fails: " + refusal.Error(),
		}}
	}
	return result, assumed, nil
}
