// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/render"
)

// origin is the rendering that a committed file came from; empty where it cannot be rendered again.
type origin struct {
	*input.Rendering
	wishes lint.Wishes
	// facts that it was rendered with, and the file that they stand in.
	facts     render.Facts
	factsFile string
}

// originOf renders the directory that a committed rendering belongs to. Nil: the file is none. That rendering
// fails is for render --check to say.
func (l *linter) originOf(file string) *origin {
	dir := filepath.Dir(filepath.Dir(file))
	if filepath.Base(file) != renderedFile || filepath.Base(filepath.Dir(file)) != input.RenderedDir {
		return nil
	}
	known, ok := l.origins[dir]
	if !ok {
		known = l.renderAgain(dir)
		l.origins[dir] = known
	}
	return known
}

func (l *linter) renderAgain(dir string) (o *origin) {
	defer func() {
		if recover() != nil {
			o = &origin{} // the chain itself can be judged all the same
		}
	}()
	config, ps := input.ConfigBeside(dir)
	if config == nil || ps != nil {
		return nil
	}
	r, in, ps := l.Compose([]string{dir}, l.flags.facts)
	if ps != nil {
		return &origin{}
	}
	o = &origin{Rendering: r, wishes: wishesOf(in.Objects)}
	if in.Config != nil {
		o.wishes = wishesOf(append(slices.Clip(in.Objects), in.Config))
	}
	o.readFacts(in)
	r.Output, _ = render.Render(in)
	return o
}

// readFacts takes the facts that the rendering brought itself.
func (o *origin) readFacts(in render.Input) {
	config, _ := render.ParseConfig(in.Config)
	facts, ps := config.Choose(in.Config, in.Objects)
	if ps != nil || facts.Object == nil {
		return
	}
	o.facts, o.factsFile = facts, facts.Object.File
	if o.factsFile == "" {
		o.factsFile = o.Locate(facts.Object, "").File
	}
}

// explain names the intents and facts behind findings. It takes the fixes away: a rendering is repaired by
// writing it anew.
func (o *origin) explain(r *lint.Result) {
	if o == nil {
		return
	}
	for _, f := range r.Findings {
		f.Fix = nil
	}
	if o.Rendering == nil || o.Output == nil || !o.sameTypes(r.Chain) {
		return
	}
	for _, f := range r.Findings {
		if reason := o.reason(f); reason != nil {
			f.Cause = o.words(reason)
		}
	}
}

// sameTypes tells whether the committed list has the plugins that the rendering has: then pointers into one
// mean the same in the other.
func (o *origin) sameTypes(c *lint.Chain) bool {
	now, err := conflist.Parse(o.Output.Text)
	return err == nil && c.Docs[o.Output.Key] != nil && typesOf(now) == typesOf(c.Docs[o.Output.Key])
}

func typesOf(list *conflist.Node) string {
	var types []string
	if plugins := list.Get("plugins"); plugins != nil {
		for _, p := range plugins.Elements {
			types = append(types, p.Get("type").String())
		}
	}
	return strings.Join(types, ",")
}

// reason is the one with the longest pointer that leads to the finding's.
func (o *origin) reason(f *lint.Finding) *render.Reason {
	var best *render.Reason
	for i, r := range o.Output.Reasons {
		leads := f.Pointer == r.Pointer || strings.HasPrefix(f.Pointer, r.Pointer+"/")
		if f.Key == o.Output.Key && leads && (best == nil || len(r.Pointer) > len(best.Pointer)) {
			best = &o.Output.Reasons[i]
		}
	}
	return best
}

func (o *origin) words(r *render.Reason) []string {
	var words []string
	if r.Intent != nil {
		place := o.Locate(r.Intent.Object, r.IntentPointer)
		words = append(words, fmt.Sprintf("%s: intent %s, %s", place, r.Intent.Name, dotted(r.IntentPointer)))
	}
	if r.Fact != "" {
		words = append(words, o.factWords(r.Fact))
	}
	return words
}

func dotted(pointer string) string {
	return strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
}

// factWords gives a fact its place, where it stands somewhere.
func (o *origin) factWords(fact string) string {
	path, _, _ := strings.Cut(fact, " ")
	if o.facts.Object == nil {
		return "fact " + fact
	}
	pointer := o.facts.Root + "/" + strings.ReplaceAll(path, ".", "/")
	if manifest.Find(o.facts.Object.Node, pointer) == nil {
		return "fact " + fact
	}
	return fmt.Sprintf("%s: fact %s", o.Locate(o.facts.Object, pointer), fact)
}
