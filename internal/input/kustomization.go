// SPDX-License-Identifier: Apache-2.0

package input

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/render"
)

// localLists are the fields of a kustomization whose entries are files or directories.
var localLists = []string{"resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators"}

// kustomization takes chainlint's functions out. Errors are kept aside: kustomize takes a file that it
// cannot read for one that is not there.
func (k *kustomizeFS) kustomization(name string, text []byte) ([]byte, error) {
	objects, err := manifest.Read(Shown(name), text)
	if err != nil || len(objects) != 1 {
		if err != nil {
			k.problems = append(k.problems, Unreadable(err)...)
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
		case config.Ref().Kind == "ChainLint" && list != "generators": // changes nothing, so nothing is missing without it
		case list == "generators":
			k.fault(render.Invalid, "kustomization", place, "%s as a generator needs kustomize build: composing in process knows it as a transformer", config.Ref())
		case k.config != nil:
			k.fault(render.Invalid, "kustomization", place, "a second configuration of chainlint, the first is %s: one ChainRender takes all intents", k.config.Ref())
		case filepath.Dir(name) != filepath.Clean(k.absTop()):
			k.fault(render.Invalid, "kustomization", place, "%s belongs to another kustomization than the one that is rendered: render %s itself, or move it", config.Ref(), Shown(filepath.Dir(name)))
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
	text, label := []byte(entry), Shown(kustomization)
	if !strings.Contains(entry, "\n") {
		path := filepath.Join(filepath.Dir(kustomization), entry)
		content, err := k.FileSystem.ReadFile(path)
		if err != nil {
			return nil // a directory, or an error that kustomize will report
		}
		text, label = content, Shown(path)
	}
	objects, err := manifest.Read(label, text)
	if err != nil || len(objects) != 1 || !render.IsOwn(objects[0].Ref()) {
		return nil
	}
	return objects[0]
}
