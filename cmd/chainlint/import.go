// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/input"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

func (a *app) importChain(args []string) int {
	fs := a.flags("import", "[--facts FILE] FILE|-", "Prints a ChainIntent and a ClusterFacts whose rendering is the chain in FILE.")
	factsFile := fs.String("facts", "", "the ClusterFacts to use instead of those found")
	name := fs.String("name", "imported", "the name of the intent and of the facts")
	s, code := a.onlySubject(fs, args, factsFile)
	if s == nil {
		return code
	}
	im, err := render.Import(s.Object, s.Data, s.Facts.Facts)
	if err != nil {
		return a.tell(render.Problems{{
			Class: render.Refused, Code: "not-importable", Ref: s.Object.Ref(), Offset: -1, Message: err.Error(),
			Pointer: "/data/" + terway.ConflistName, Position: s.Object.At("/data/"+terway.ConflistName, true),
		}})
	}
	for _, fact := range slices.Sorted(maps.Keys(im.Assumed)) {
		a.say("assumed %s: %s. Check it", fact, im.Assumed[fact])
	}
	for _, raw := range im.Raw {
		a.say("%s", raw)
	}
	text, err := documents(
		document{kind: "ChainIntent", name: *name, spec: im.Spec},
		document{kind: "ClusterFacts", name: *name, spec: im.Facts, comments: assumptions(im.Assumed)})
	if err != nil {
		return a.tell(input.Unreadable(err))
	}
	_, _ = a.out.Write(text)
	return exitOK
}

func assumptions(assumed map[string]string) map[string]string {
	comments := map[string]string{}
	for fact, why := range assumed {
		comments[fact] = "assumed: " + why
	}
	return comments
}

// document is one of chainlint's own objects to be printed.
type document struct {
	kind, name string
	spec       any
	// comments by dotted path into the spec; head is one before the spec.
	comments map[string]string
	head     string
}

// documents writes objects as YAML, block style, in the order of the Go fields.
func documents(docs ...document) ([]byte, error) {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	for _, d := range docs {
		object, err := d.node()
		if err != nil {
			return nil, err
		}
		if err := encoder.Encode(object); err != nil {
			return nil, err
		}
	}
	err := encoder.Close()
	return b.Bytes(), err
}

func (d document) node() (*yaml.Node, error) {
	// A struct, so that the order is that of the fields.
	text, err := json.Marshal(struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   any    `json:"metadata"`
		Spec       any    `json:"spec"`
	}{manifest.Group, d.kind, struct {
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	}{d.name, map[string]string{manifest.LocalConfig: "true"}}, d.spec})
	if err != nil {
		return nil, err
	}
	root, err := conflist.Parse(string(text))
	if err != nil {
		return nil, err
	}
	object := manifest.FromJSON(root)
	for path, comment := range d.comments {
		n := manifest.Get(object, append([]string{"spec"}, strings.Split(path, ".")...)...)
		switch {
		case n == nil:
		case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
			n.Content[0].HeadComment = "# " + comment
		default:
			n.LineComment = "# " + comment
		}
	}
	object.HeadComment = d.head
	return object, nil
}
