// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/render"
)

// keptConfig takes the place of the local-config annotation while kustomize's library works: the
// library drops objects that carry it, and intents and facts carry it.
const keptConfig = manifest.LocalConfig + "-kept"

// composed is a kustomization put together in process.
type composed struct {
	objects []*manifest.Object
	// config is the ChainRender that the kustomization names under transformers, nil for none.
	config *manifest.Object
	// sources are all documents that were read, with their places.
	sources []*manifest.Object
}

// compose does what `kustomize build` does up to chainlint's own function, with kustomize's library: no
// plugins, no network.
func compose(dir string) (*composed, render.Problems) {
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
		return nil, unreadable(fmt.Errorf("compose %s: %w", dir, err))
	}
	text = bytes.ReplaceAll(text, []byte(keptConfig), []byte(manifest.LocalConfig))
	objects, err := manifest.Read("", text)
	if err != nil {
		return nil, unreadable(fmt.Errorf("compose %s: %w", dir, err))
	}
	for i, o := range objects {
		objects[i] = &manifest.Object{Node: o.Node} // the lines are those of a text that nobody sees
		k.recallName(objects[i])
	}
	return &composed{objects: objects, config: k.config, sources: k.sources}, nil
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
	objects, err := manifest.Read(shown(name), text)
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
			return unreadable(b.err)
		}
	}
	return unreadable(fmt.Errorf("compose %s: %w", k.top, err))
}

// shown is a path as people know it: relative to where they are.
func shown(name string) string {
	here, err := os.Getwd()
	if err != nil {
		return name
	}
	if resolved, err := filepath.EvalSymlinks(here); err == nil {
		here = resolved
	}
	rel, err := filepath.Rel(here, name)
	if err != nil || strings.HasPrefix(rel, filepath.Join("..", "..", "..", "..")) {
		return name
	}
	return rel
}

// localLists are the fields of a kustomization whose entries are files or directories.
var localLists = []string{"resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators"}

// kustomization takes chainlint's functions out. Errors are kept aside: kustomize takes a file that it
// cannot read for one that is not there.
func (k *kustomizeFS) kustomization(name string, text []byte) ([]byte, error) {
	objects, err := manifest.Read(shown(name), text)
	if err != nil || len(objects) != 1 {
		if err != nil {
			k.problems = append(k.problems, unreadable(err)...)
		}
		return text, err
	}
	file := objects[0]
	for _, list := range localLists {
		k.refuseRemote(file, name, list)
	}
	k.refuseURLs(file, file.Node, "", "")
	for _, list := range []string{"transformers", "generators", "validators"} {
		k.takeOut(file, name, list)
	}
	if k.problems != nil {
		return nil, os.ErrInvalid
	}
	return yaml.Marshal(file.Node)
}

// refuseRemote: composing reads nothing from the network, and runs no git.
func (k *kustomizeFS) refuseRemote(file *manifest.Object, name, list string) {
	entries := manifest.Get(file.Node, list)
	if entries == nil {
		return
	}
	for i, entry := range entries.Content {
		if strings.Contains(entry.Value, "\n") || k.Exists(filepath.Join(filepath.Dir(name), entry.Value)) {
			continue
		}
		k.fault(render.Unreadable, "not-local", file.At(fmt.Sprintf("/%s/%d", list, i), false),
			"%s is no file or directory here; remote ones are not fetched: run kustomize build, or vendor it", entry.Value)
	}
}

// remote is how kustomize tells a URL from a path, with or without the key of a generated file before it.
var remote = regexp.MustCompile(`^([^/=]+=)?((https?|ssh|git|file|s3)(://|::)|git@|github\.com[/:])`)

// refuseURLs looks at every other field whose value kustomize would load: patches, replacements, files
// and envs of generators.
func (k *kustomizeFS) refuseURLs(file *manifest.Object, n *yaml.Node, at, key string) {
	loads := slices.Contains([]string{"path", "files", "envs", "env", "patchesStrategicMerge"}, key)
	if n.Kind == yaml.ScalarNode && loads && remote.MatchString(n.Value) {
		k.fault(render.Unreadable, "not-local", file.At(at, false), "%s is not local; remote files are not fetched: run kustomize build, or vendor it", n.Value)
	}
	for i, c := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			k.refuseURLs(file, c, fmt.Sprintf("%s/%d", at, i), key)
		case n.Kind == yaml.MappingNode && i%2 == 1:
			name := n.Content[i-1].Value
			k.refuseURLs(file, c, at+"/"+conflist.EscapePointer(name), name)
		}
	}
}

func (k *kustomizeFS) takeOut(file *manifest.Object, name, list string) {
	entries := manifest.Get(file.Node, list)
	if entries == nil {
		return
	}
	var kept []*yaml.Node
	for i, entry := range entries.Content {
		place := file.At(fmt.Sprintf("/%s/%d", list, i), false)
		config := k.ownFunction(name, entry.Value)
		switch {
		case config == nil:
			if k.config != nil && list == "transformers" {
				k.fault(render.Invalid, "kustomization", place, "a transformer stands behind %s: composing in process renders last, so put it before", k.config.Ref())
			}
			kept = append(kept, entry)
		case config.Ref().Kind == kindLint && list != "generators": // changes nothing, so nothing is missing without it
		case list == "generators":
			k.fault(render.Invalid, "kustomization", place, "%s as a generator needs kustomize build: composing in process knows it as a transformer", config.Ref())
		case k.config != nil:
			k.fault(render.Invalid, "kustomization", place, "a second configuration of chainlint, the first is %s: one ChainRender takes all intents", k.config.Ref())
		case filepath.Dir(name) != filepath.Clean(k.absTop()):
			k.fault(render.Invalid, "kustomization", place, "%s belongs to another kustomization than the one that is rendered: render %s itself, or move it", config.Ref(), shown(filepath.Dir(name)))
		default:
			k.config = config
		}
	}
	entries.Content = kept
}

func (k *kustomizeFS) absTop() string {
	dir, _, err := k.CleanedAbs(k.top)
	if err != nil {
		return k.top
	}
	return dir.String()
}

func (k *kustomizeFS) fault(class render.Class, code string, place manifest.Position, format string, args ...any) {
	k.problems = append(k.problems, render.Problem{Class: class, Code: code, Message: fmt.Sprintf(format, args...), Position: place, Offset: -1})
}

// ownFunction is chainlint's configuration behind an entry, which is a file or the text itself.
func (k *kustomizeFS) ownFunction(kustomization, entry string) *manifest.Object {
	text, label := []byte(entry), shown(kustomization)
	if !strings.Contains(entry, "\n") {
		path := filepath.Join(filepath.Dir(kustomization), entry)
		content, err := k.FileSystem.ReadFile(path)
		if err != nil {
			return nil // a directory, or an error that kustomize will report
		}
		text, label = content, shown(path)
	}
	objects, err := manifest.Read(label, text)
	if err != nil || len(objects) != 1 || !render.IsOwn(objects[0].Ref()) {
		return nil
	}
	return objects[0]
}

// locate finds the place in a file of what a problem says about an object that a host re-emitted.
func (c *composed) locate(ref manifest.Ref, pointer string, onKey bool, offset int, text string) manifest.Position {
	var best manifest.Position
	for _, o := range c.sources {
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
