// SPDX-License-Identifier: Apache-2.0

package input

import (
	"bytes"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
)

// keptConfig takes the place of the local-config annotation while kustomize's library works: the
// library drops objects that carry it, and intents and facts carry it.
const keptConfig = manifest.LocalConfig + "-kept"

// composition is a kustomization put together in process.
type composition struct {
	objects []*manifest.Object
	// config is the ChainRender that the kustomization names under transformers, nil for none.
	config *manifest.Object
	// sources are all documents that were read, with their places.
	sources []*manifest.Object
}

// compose does what `kustomize build` does up to chainlint's own function, with kustomize's library: no
// plugins, no network.
func compose(dir string) (*composition, render.Problems) {
	k := &kustomizeFS{FileSystem: filesys.MakeFsOnDisk(), top: dir}
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified // as the command does
	resources, err := krusty.MakeKustomizer(options).Run(k, dir)
	if k.problems != nil {
		return nil, k.problems
	}
	if err != nil {
		return nil, k.explain(err)
	}
	text, err := resources.AsYaml()
	if err != nil {
		return nil, Unreadable(fmt.Errorf("compose %s: %w", dir, err))
	}
	text = bytes.ReplaceAll(text, []byte(keptConfig), []byte(manifest.LocalConfig))
	objects, err := manifest.Read("", text)
	if err != nil {
		return nil, Unreadable(fmt.Errorf("compose %s: %w", dir, err))
	}
	for i, o := range objects {
		objects[i] = &manifest.Object{Node: o.Node} // the lines are those of a text that nobody sees
		k.recallName(objects[i])
	}
	return &composition{objects: objects, config: k.config, sources: k.sources}, nil
}

// kustomizeFS shows kustomize the disk with two changes: local-config objects are kept, and chainlint's
// functions are taken out of the lists of plugins.
type kustomizeFS struct {
	filesys.FileSystem
	top      string
	config   *manifest.Object
	sources  []*manifest.Object
	broken   []brokenFile
	problems render.Problems
}

// ReadFile implements filesys.FileSystem.
func (k *kustomizeFS) ReadFile(name string) ([]byte, error) {
	text, err := k.FileSystem.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(name)) {
		return k.kustomization(name, text)
	}
	objects, err := manifest.Read(Shown(name), text)
	if err != nil {
		k.broken = append(k.broken, brokenFile{name, err})
	}
	k.sources = append(k.sources, objects...)
	if !slices.ContainsFunc(objects, func(o *manifest.Object) bool { return render.IsOwn(o.Ref()) }) {
		return text, nil
	}
	return bytes.ReplaceAll(text, []byte(manifest.LocalConfig), []byte(keptConfig)), nil
}

// recallName notes on an object of ours what it was called before kustomize renamed it, as kustomize does
// for the functions that it runs itself: references go by either name. Such objects are never put out.
func (k *kustomizeFS) recallName(o *manifest.Object) {
	if !render.IsOwn(o.Ref()) {
		return
	}
	for _, s := range k.sources {
		if s.Ref().Kind != o.Ref().Kind || s.Ref().Name == o.Ref().Name || !sameSpec(s, o) {
			continue
		}
		render.SetAnnotation(o.Node, "internal.config.kubernetes.io/previousNames", s.Ref().Name)
	}
}

func sameSpec(a, b *manifest.Object) bool {
	var x, y any
	left, right := manifest.Get(a.Node, "spec"), manifest.Get(b.Node, "spec")
	return left != nil && right != nil && left.Decode(&x) == nil && right.Decode(&y) == nil && reflect.DeepEqual(x, y)
}

// brokenFile is a file that is no YAML. It need not be: a generator reads files of any kind.
type brokenFile struct {
	name string
	err  error
}

// explain prefers our own words about a file that kustomize complains of: they have a place.
func (k *kustomizeFS) explain(err error) render.Problems {
	for _, b := range k.broken {
		if strings.Contains(err.Error(), filepath.Base(b.name)) {
			return Unreadable(b.err)
		}
	}
	return Unreadable(fmt.Errorf("compose %s: %w", k.top, err))
}
