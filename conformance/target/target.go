// SPDX-License-Identifier: Apache-2.0

// Package target finds what a run judges: an eni-config, the facts of the world that it belongs to, and the
// intents that must hold there.
package target

import (
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Target is a chain to be judged.
type Target struct {
	// Name is the file, the overlay's directory or the example.
	Name string
	// Data of the ConfigMap, with 10-terway.conf from the facts where a partial one leaves it out. It holds
	// eni_conf, which can hold credentials: never print it.
	Data map[string]string
	// Partial: keys that are absent are the live object's.
	Partial bool
	Facts   terway.Facts
	// Intent is what must hold. Inferred: nobody wrote it down, it was read off the chain.
	Intent   render.IntentSpec
	Inferred bool
	// FactsFile and IntentFiles are where facts and intents stand; empty where there are none.
	FactsFile   string
	IntentFiles []string
	// Warnings of the rendering of an overlay.
	Warnings render.Problems
}

// Options say what is to be judged; the zero value means the built-in examples. Files may be "-" for In, one
// of them.
type Options struct {
	// ENIConfig is a file with the manifest, Intent a file or directory with ChainIntents, Facts a file with a
	// ClusterFacts. Overlay is a directory that is rendered as `chainlint render` does; beside it, the three
	// replace their part of it.
	ENIConfig, Intent, Facts, Overlay string
	In                                io.Reader
}

// Load finds what the options name; without any, one target for each built-in example. The error is
// [render.Problems]: class Invalid for mistakes in what was asked for, Refused for an overlay that cannot be
// rendered and intents that contradict each other, Unreadable for broken input.
func Load(o Options) ([]*Target, error) {
	if ps := o.check(); ps != nil {
		return nil, ps
	}
	if o.ENIConfig == "" && o.Overlay == "" {
		return builtIn()
	}
	t, ps := o.load()
	if ps != nil {
		return nil, ps
	}
	return []*Target{t}, nil
}

func (o Options) check() render.Problems {
	streams := 0
	for _, name := range []string{o.ENIConfig, o.Intent, o.Facts, o.Overlay} {
		if name == "-" {
			streams++
		}
	}
	switch {
	case streams > 1:
		return input.Usage("standard input can be one of --eni-config, --intent and --facts: name files for the others")
	case o.Overlay == "-":
		return input.Usage("--overlay names a directory, and the stream is none: use --eni-config -")
	case o.ENIConfig == "" && o.Overlay == "" && (o.Intent != "" || o.Facts != ""):
		return input.Usage("--intent and --facts say how a chain is judged: name the chain with --eni-config, or all of it with --overlay")
	}
	return nil
}

// load goes through the parts in the order in which one may replace the other.
func (o Options) load() (*Target, render.Problems) {
	r := input.Reader{In: o.In}
	t := &Target{}
	if o.Overlay != "" {
		if ps := t.render(r, o); ps != nil {
			return nil, ps
		}
	}
	if o.ENIConfig != "" {
		if ps := t.read(r, o); ps != nil {
			return nil, ps
		}
	}
	if o.Intent != "" {
		if ps := t.readIntents(r, o.Intent); ps != nil {
			return nil, ps
		}
	}
	return t, nil
}

// render takes all parts from an overlay.
func (t *Target) render(r input.Reader, o Options) render.Problems {
	rendering, ps := r.Render([]string{o.Overlay}, o.Facts)
	if rendering == nil {
		return ps
	}
	t.Warnings = ps
	out := rendering.Output
	s, ps := input.NewSubject(o.Overlay, []*manifest.Object{out.ENIConfig})
	if ps != nil {
		return ps
	}
	t.Name = filepath.Clean(o.Overlay)
	t.take(s, out.Facts, func(object *manifest.Object) string { return rendering.Locate(object, "").File })
	return t.want(out.Intents, func(in render.Intent) string { return rendering.Locate(in.Object, in.Root).File })
}

// take the manifest, with the facts that hold for it.
func (t *Target) take(s *input.Subject, facts render.Facts, fileOf func(*manifest.Object) string) {
	s.Give(facts)
	t.Data, t.Partial, t.Facts = s.Data, s.Partial, facts.Facts
	if facts.Object != nil {
		t.FactsFile = fileOf(facts.Object)
	}
}

func ownFile(o *manifest.Object) string { return o.File }

// want takes intents together.
func (t *Target) want(intents []render.Intent, fileOf func(render.Intent) string) render.Problems {
	var ps render.Problems
	if t.Intent, ps = render.Merge(intents); ps != nil {
		return ps
	}
	t.Inferred, t.IntentFiles = false, nil
	for _, in := range intents {
		if file := fileOf(in); !slices.Contains(t.IntentFiles, file) {
			t.IntentFiles = append(t.IntentFiles, file)
		}
	}
	return nil
}

// read takes the manifest from a file. Of an overlay, facts and intents stay.
func (t *Target) read(r input.Reader, o Options) render.Problems {
	t.Name = o.ENIConfig
	if t.Name == "-" {
		t.Name = input.StdinName
	}
	if o.Overlay != "" {
		return t.replace(r, o.ENIConfig)
	}
	s, ps := r.Subject(o.ENIConfig, o.Facts)
	if ps != nil {
		return ps
	}
	t.take(s, s.Facts, ownFile)
	intents, ps := render.Intents(s.Objects)
	switch {
	case o.Intent != "": // they count alone
		return nil
	case ps != nil:
		return ps
	case len(intents) > 0:
		return t.want(intents, intentFile)
	}
	t.Intent, t.Inferred = Infer(t.Data, t.Facts), true
	return nil
}

func intentFile(in render.Intent) string { return in.Object.File }

func (t *Target) replace(r input.Reader, file string) render.Problems {
	objects, err := r.Objects(file)
	if err != nil {
		return input.Unreadable(err)
	}
	s, ps := input.NewSubject(file, objects)
	if ps != nil {
		return ps
	}
	s.Give(render.Facts{Facts: t.Facts})
	t.Data, t.Partial = s.Data, s.Partial
	return nil
}

// readIntents takes all of a file, or of the YAML files of a directory, in place of what was there.
func (t *Target) readIntents(r input.Reader, name string) render.Problems {
	read := r.Objects
	if info, err := os.Stat(name); name != "-" && err == nil && info.IsDir() {
		read = r.Dir
	}
	objects, err := read(name)
	if err != nil {
		return input.Unreadable(err)
	}
	intents, ps := render.Intents(objects)
	switch {
	case ps != nil:
		return ps
	case len(intents) == 0:
		return input.Usage("%s holds no ChainIntent (apiVersion %s)", name, manifest.Group)
	}
	return t.want(intents, intentFile)
}
