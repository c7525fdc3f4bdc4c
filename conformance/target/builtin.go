// SPDX-License-Identifier: Apache-2.0

package target

import (
	"path"

	"github.com/chainlint/chainlint/examples"
	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
)

// builtIn are the examples as they are committed: their tests hold that this is what rendering makes of them.
func builtIn() ([]*Target, error) {
	var all []*Target
	for _, name := range examples.Overlays() {
		t := &Target{Name: name}
		if ps := t.readExample(path.Join("overlays", name)); ps != nil {
			return nil, ps
		}
		all = append(all, t)
	}
	return all, nil
}

func (t *Target) readExample(dir string) render.Problems {
	var objects []*manifest.Object
	for _, file := range []string{"rendered/eni-config.yaml", "facts.yaml", "intents.yaml"} {
		name := path.Join(dir, file)
		text, err := examples.Files.ReadFile(name)
		if err != nil {
			return input.Unreadable(err)
		}
		found, err := manifest.Read(path.Join("examples", name), text)
		if err != nil {
			return input.Unreadable(err)
		}
		objects = append(objects, found...)
	}
	s, ps := input.NewSubject(dir, objects)
	if ps != nil {
		return ps
	}
	object, ps := render.OnlyFacts(objects)
	if ps != nil {
		return ps
	}
	facts, ps := render.ParseFacts(object)
	if ps != nil {
		return ps
	}
	t.take(s, facts, ownFile)
	intents, ps := render.Intents(objects)
	if ps != nil {
		return ps
	}
	return t.want(intents, intentFile)
}
