// SPDX-License-Identifier: Apache-2.0

package krm

import (
	"maps"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/chainlint/chainlint/internal/manifest"
)

// The severities of a note.
const (
	Error   = string(framework.Error)
	Warning = string(framework.Warning)
	Info    = string(framework.Info)
)

// Note is one thing to say, a result in the words of the specification.
type Note struct {
	Severity string
	// Rule stands before the message and among the tags; "" for none.
	Rule, Message string
	// Ref is the object that it is about, the zero value for none, and Pointer the place in it as a JSON
	// pointer, "" for the whole.
	Ref     manifest.Ref
	Pointer string
	// File that the object stands in, and its place among the objects there.
	File  string
	Index int
	Tags  map[string]string
}

// result spells everything out: hosts differ on what a missing severity means, and show no tags.
func (n Note) result() *framework.Result {
	r := &framework.Result{Message: oneLine(n.Message), Severity: framework.Severity(n.Severity), Tags: map[string]string{}}
	maps.Copy(r.Tags, n.Tags)
	if n.Rule != "" {
		r.Message = n.Rule + ": " + r.Message
		r.Tags["rule"] = n.Rule
	}
	if n.Ref.Kind != "" {
		r.ResourceRef = &kyaml.ResourceIdentifier{
			TypeMeta: kyaml.TypeMeta{APIVersion: n.Ref.APIVersion, Kind: n.Ref.Kind},
			NameMeta: kyaml.NameMeta{Name: n.Ref.Name, Namespace: n.Ref.Namespace},
		}
	}
	if n.Pointer != "" {
		r.Field = &framework.Field{Path: fieldPath(n.Pointer)}
	}
	if n.File != "" {
		r.File = &framework.File{Path: n.File, Index: n.Index}
	}
	return r
}

// fieldPath is a JSON pointer in kustomize's notation, dots in keys escaped.
func fieldPath(pointer string) string {
	tokens := manifest.Tokens(pointer)
	for i, token := range tokens {
		tokens[i] = strings.ReplaceAll(token, ".", `\.`)
	}
	return strings.Join(tokens, ".")
}

// results is the last part of a ResourceList, "" for no notes.
func results(notes []Note) (string, error) {
	if len(notes) == 0 {
		return "", nil
	}
	var all framework.Results
	for _, n := range notes {
		all = append(all, n.result())
	}
	text, err := kyaml.Marshal(map[string]any{"results": all})
	return string(text), err
}

// Annotations by which hosts say where an item came from.
var (
	pathAnnotations  = []string{"internal.config.kubernetes.io/path", "config.kubernetes.io/path"}
	indexAnnotations = []string{"internal.config.kubernetes.io/index", "config.kubernetes.io/index"}
)

const (
	originAnnotation = "config.kubernetes.io/origin"
	// kustomizeID is on every item of kustomize, which makes up paths, and counts through the whole stream.
	kustomizeID = "kustomize.config.k8s.io/id"
)

// hosted is an object as a host sent it. Its lines are those of the stream, which no reader has seen, so only
// the file is known, where the host names it.
func hosted(n *yaml.Node) *manifest.Object {
	o := &manifest.Object{Node: n}
	if o.Annotation(kustomizeID) == "" {
		o.File = first(o, pathAnnotations)
	}
	if _, path, ok := strings.Cut(o.Annotation(originAnnotation), "path: "); ok && o.File == "" {
		o.File, _, _ = strings.Cut(path, "\n")
	}
	return o
}

// Index is the place of an item among the objects of its file, 0 where the host does not say.
func Index(o *manifest.Object) int {
	if o.Annotation(kustomizeID) != "" {
		return 0
	}
	index, _ := strconv.Atoi(first(o, indexAnnotations))
	return index
}

func first(o *manifest.Object, annotations []string) string {
	for _, key := range annotations {
		if value := o.Annotation(key); value != "" {
			return value
		}
	}
	return ""
}
