// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Where a directory keeps its committed rendering.
const (
	renderedDir  = "rendered"
	renderedFile = "eni-config.yaml"
)

type renderFlags struct {
	files                 []string
	facts, output         string
	check, write, explain bool
}

func (a *app) render(args []string) int {
	var f renderFlags
	fs := a.flags("render", "[-f FILE|DIR]... [DIR]...", "Renders intents and facts into eni-config.\nDIRs with a kustomization are composed as kustomize build does; other DIRs are read as they are.")
	fs.StringArrayVarP(&f.files, "filename", "f", nil, "a manifest, a directory, or - for stdin; repeatable")
	fs.StringVar(&f.facts, "facts", "", "the ClusterFacts to use instead of those found")
	fs.StringVarP(&f.output, "output", "o", "", "write to this file instead of stdout")
	fs.BoolVar(&f.check, "check", false, "compare every DIR that holds a ChainRender with its rendered/eni-config.yaml; exit 1 on drift")
	fs.BoolVar(&f.write, "write", false, "write rendered/eni-config.yaml of every DIR that holds a ChainRender")
	fs.BoolVar(&f.explain, "explain", false, "print the intent and the fact behind every part of the chain")
	rest, code, done := a.parse(fs, args)
	if done {
		return code
	}
	f.files = append(f.files, rest...)
	switch {
	case f.check && f.write, (f.check || f.write) && (f.explain || f.output != ""):
		a.say("--check, --write, and --explain or -o exclude each other")
		return exitUsage
	case f.check || f.write:
		return a.renderDirs(f)
	case len(f.files) == 0:
		a.say("render: name what to render: -f FILE or -f DIR")
		return exitUsage
	}
	return a.renderOnce(f)
}

// rendering is one rendering with everything to talk about it.
type rendering struct {
	composed
	out    *render.Output
	stdout []byte
}

func (a *app) renderOnce(f renderFlags) int {
	r, ps := a.renderFiles(f.files, f.facts)
	code := a.tell(ps)
	if r == nil {
		return code
	}
	text := r.stdout
	if f.explain {
		text = r.explanation()
	} else if !r.out.Annotated {
		a.say("applying this changes nothing on nodes whose Terway keeps running: restart it with\n  %s", terway.RestartCommand)
	}
	if err := a.emit(f.output, text); err != nil {
		a.say("%v", unwritten(cmp.Or(f.output, "standard output"), err))
		return exitUnreadable
	}
	return code
}

func (a *app) emit(file string, text []byte) error {
	if file != "" {
		return writeFile(file, text)
	}
	_, err := a.out.Write(text)
	return err
}

// renderFiles reads, composes and renders; problems come with their places.
func (a *app) renderFiles(files []string, factsFile string) (*rendering, render.Problems) {
	r, in, ps := a.renderInput(files, factsFile)
	if ps != nil {
		return nil, ps
	}
	out, ps := render.Render(in)
	for i := range ps {
		r.place(&ps[i])
	}
	if out == nil {
		return nil, ps
	}
	r.out = out
	if out.Created {
		r.objects = append(r.objects, out.ENIConfig)
	}
	text, err := encode(r.objects)
	if err != nil {
		return nil, append(ps, unreadable(err)...)
	}
	r.stdout = text
	return r, ps
}

// renderInput reads and composes what is to be rendered.
func (a *app) renderInput(files []string, factsFile string) (*rendering, render.Input, render.Problems) {
	r := &rendering{}
	for _, name := range files {
		if ps := a.collect(r, name); ps != nil {
			return nil, render.Input{}, ps
		}
	}
	in := render.Input{Objects: r.objects, Config: r.config}
	var ps render.Problems
	if in.Config == nil {
		if in.Config, ps = render.OnlyConfig(r.objects); ps != nil {
			return nil, in, ps
		}
	}
	in.Facts, ps = a.renderFacts(in, files, factsFile)
	return r, in, ps
}

// place finds the position of a problem whose object a host re-emitted.
func (r *rendering) place(p *render.Problem) {
	if p.Ref.Kind == "" || p.Position.Line > 0 {
		return
	}
	text := ""
	for _, o := range r.objects {
		if o.Ref() == p.Ref {
			text = manifest.Text(manifest.Find(o.Node, p.Pointer))
		}
	}
	if found := r.locate(p.Ref, p.Pointer, p.OnKey, p.Offset, text); found.File != "" {
		p.Position = found
	}
}

// collect adds the objects of a file, a directory or a kustomization.
func (a *app) collect(r *rendering, name string) render.Problems {
	info, err := os.Stat(name)
	if name != "-" && err != nil {
		return unreadable(plain(err))
	}
	switch {
	case name == "-" || !info.IsDir():
		objects, err := a.readObjects(name)
		if err != nil {
			return unreadable(err)
		}
		r.objects = append(r.objects, objects...)
	case hasKustomization(name):
		c, ps := compose(name)
		if ps != nil {
			return ps
		}
		if c.config == nil {
			if c.config, ps = configBeside(name); ps != nil {
				return ps
			}
		}
		if c.config != nil && r.config != nil {
			return usage("%s and %s each have a ChainRender: render them one by one", r.config.File, c.config.File)
		}
		r.objects, r.sources = append(r.objects, c.objects...), append(r.sources, c.sources...)
		if c.config != nil {
			r.config = c.config
			r.sources = append(r.sources, c.config)
		}
	default:
		objects, err := a.readDir(name)
		if err != nil {
			return unreadable(err)
		}
		r.objects = append(r.objects, objects...)
	}
	return nil
}

func hasKustomization(dir string) bool {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// configBeside is the ChainRender in a directory whose kustomization does not name it: those whose
// delivery runs no functions keep it out.
func configBeside(dir string) (*manifest.Object, render.Problems) {
	names, err := filepath.Glob(filepath.Join(dir, "*.y*ml"))
	if err != nil {
		return nil, unreadable(err)
	}
	var all []*manifest.Object
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(text, []byte("ChainRender")) {
			continue
		}
		objects, err := manifest.Read(name, text)
		if err != nil {
			return nil, unreadable(err)
		}
		all = append(all, objects...)
	}
	return render.OnlyConfig(all)
}

// encode writes the objects that are for the cluster.
func encode(objects []*manifest.Object) ([]byte, error) {
	var b bytes.Buffer
	for _, o := range objects {
		if render.IsOwn(o.Ref()) || !o.Positioned() && o.Annotation(manifest.LocalConfig) == "true" {
			continue // kustomize drops local-config objects; plain files keep theirs
		}
		text, err := encodeOne(o)
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", o.Ref(), err)
		}
		if b.Len() > 0 {
			b.WriteString("---\n")
		}
		b.Write(text)
	}
	return b.Bytes(), nil
}

// encodeOne writes an object as it came: what kustomize's library composed in kustomize's form (keys
// sorted), so that the bytes are those of kustomize build; what was read from a file as it stood there.
func encodeOne(o *manifest.Object) ([]byte, error) {
	node := kyaml.NewRNode(o.Node)
	if o.Positioned() {
		text, err := node.String()
		return []byte(text), err
	}
	text, err := node.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return yaml.JSONToYAML(text)
}

// explanation is a table: pointer, value, intent with its place, fact.
func (r *rendering) explanation() []byte {
	var b strings.Builder
	for _, reason := range r.out.Reasons {
		fmt.Fprintf(&b, "%s\n    %s\n", reason.Pointer, reason.Value)
		if reason.Intent != nil {
			place := reason.Intent.Object.At(reason.IntentPointer, false)
			if place.Line == 0 {
				place = r.locate(reason.Intent.Object.Ref(), reason.IntentPointer, false, -1, "")
			}
			fmt.Fprintf(&b, "    intent  %s, %s (%s)\n", reason.Intent.Name, strings.ReplaceAll(strings.TrimPrefix(reason.IntentPointer, "/"), "/", "."), place)
		}
		if reason.Fact != "" {
			fmt.Fprintf(&b, "    fact    %s\n", reason.Fact)
		}
	}
	return []byte(b.String())
}
