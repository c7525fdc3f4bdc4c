// SPDX-License-Identifier: Apache-2.0

package input

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/kustomize/api/konfig"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
)

// Rendering is one rendering with everything to talk about it.
type Rendering struct {
	// Objects that were rendered, with what became of them.
	Objects []*manifest.Object
	// Output is nil where nothing was rendered.
	Output *render.Output
	// Text of the objects that are for the cluster.
	Text []byte

	config *manifest.Object
	// sources are the documents behind objects that a host re-emitted, with their places.
	sources []*manifest.Object
}

// Render reads, composes and renders files and directories. factsFile names the facts that count, "" for those
// that are found. Problems come with their places; a rendering comes with warnings at most.
func (r Reader) Render(files []string, factsFile string) (*Rendering, render.Problems) {
	re, in, ps := r.Compose(files, factsFile)
	if ps != nil {
		return nil, ps
	}
	out, ps := render.Render(in)
	for i := range ps {
		re.place(&ps[i])
	}
	if out == nil {
		return nil, ps
	}
	re.Output = out
	if out.Created {
		re.Objects = append(re.Objects, out.ENIConfig)
	}
	text, err := encode(re.Objects)
	if err != nil {
		return nil, append(ps, Unreadable(err)...)
	}
	re.Text = text
	return re, ps
}

// Compose reads and composes what is to be rendered, and renders nothing.
func (r Reader) Compose(files []string, factsFile string) (*Rendering, render.Input, render.Problems) {
	re := &Rendering{}
	for _, name := range files {
		if ps := r.collect(re, name); ps != nil {
			return nil, render.Input{}, ps
		}
	}
	in := render.Input{Objects: re.Objects, Config: re.config}
	var ps render.Problems
	if in.Config == nil {
		if in.Config, ps = render.OnlyConfig(re.Objects); ps != nil {
			return nil, in, ps
		}
	}
	in.Facts, ps = r.renderFacts(in, files, factsFile)
	return re, in, ps
}

// place finds the position of a problem whose object a host re-emitted.
func (r *Rendering) place(p *render.Problem) {
	if p.Ref.Kind == "" || p.Position.Line > 0 {
		return
	}
	text := ""
	for _, o := range r.Objects {
		if o.Ref() == p.Ref {
			text = manifest.Text(manifest.Find(o.Node, p.Pointer))
		}
	}
	if found := r.locate(p.Ref, p.Pointer, p.OnKey, p.Offset, text); found.File != "" {
		p.Position = found
	}
}

// Locate finds the place in a file of a value in an object, also where a host re-emitted the object.
func (r *Rendering) Locate(o *manifest.Object, pointer string) manifest.Position {
	if place := o.At(pointer, false); place.Line > 0 {
		return place
	}
	return r.locate(o.Ref(), pointer, false, -1, "")
}

func (r *Rendering) locate(ref manifest.Ref, pointer string, onKey bool, offset int, text string) manifest.Position {
	var best manifest.Position
	for _, o := range r.sources {
		have := o.Ref()
		if have.Kind != ref.Kind || have.Name != ref.Name || have.APIVersion != ref.APIVersion {
			continue
		}
		value := manifest.Find(o.Node, pointer)
		switch {
		case value == nil:
			if best.File == "" {
				best = o.At(pointer, onKey)
			}
		case offset >= 0 && value.Value == text:
			best, _ = o.Inside(pointer, offset, offset)
		default:
			best = o.At(pointer, onKey)
		}
	}
	return best
}

// collect adds the objects of a file, a directory or a kustomization.
func (r Reader) collect(re *Rendering, name string) render.Problems {
	info, err := os.Stat(name)
	if name != "-" && err != nil {
		return Unreadable(Plain(err))
	}
	switch {
	case name == "-" || !info.IsDir():
		objects, err := r.Objects(name)
		if err != nil {
			return Unreadable(err)
		}
		re.Objects = append(re.Objects, objects...)
	case hasKustomization(name):
		return re.compose(name)
	default:
		objects, err := r.Dir(name)
		if err != nil {
			return Unreadable(err)
		}
		re.Objects = append(re.Objects, objects...)
	}
	return nil
}

// compose adds a kustomization, with the ChainRender in it or beside it.
func (r *Rendering) compose(dir string) render.Problems {
	c, ps := compose(dir)
	if ps != nil {
		return ps
	}
	if c.config == nil {
		if c.config, ps = ConfigBeside(dir); ps != nil {
			return ps
		}
	}
	if c.config != nil && r.config != nil {
		return Usage("%s and %s each have a ChainRender: render them one by one", r.config.File, c.config.File)
	}
	r.Objects, r.sources = append(r.Objects, c.objects...), append(r.sources, c.sources...)
	if c.config != nil {
		r.config = c.config
		r.sources = append(r.sources, c.config)
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

// ConfigBeside is the ChainRender in a directory whose kustomization does not name it: those whose
// delivery runs no functions keep it out. Nil for none.
func ConfigBeside(dir string) (*manifest.Object, render.Problems) {
	names, err := filepath.Glob(filepath.Join(dir, "*.y*ml"))
	if err != nil {
		return nil, Unreadable(err)
	}
	var all []*manifest.Object
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(text, []byte("ChainRender")) {
			continue
		}
		objects, err := manifest.Read(name, text)
		if err != nil {
			return nil, Unreadable(err)
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
