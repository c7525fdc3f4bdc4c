// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

func (a *app) importChain(args []string) int {
	fs := a.flags("import", "[--facts FILE] FILE|-", "Prints a ChainIntent and a ClusterFacts whose rendering is the chain in FILE.")
	factsFile := fs.String("facts", "", "the ClusterFacts to use instead of those found")
	name := fs.String("name", "imported", "the name of the intent and of the facts")
	rest, code, done := a.parse(fs, args)
	if done {
		return code
	}
	if len(rest) != 1 {
		a.say("import: name one file, or - for stdin")
		return exitUsage
	}
	s, ps := a.subject(rest[0], *factsFile)
	if ps != nil {
		return a.tell(ps)
	}
	im, err := render.Import(s.object, s.data, s.facts.Facts)
	if err != nil {
		return a.tell(render.Problems{{
			Class: render.Refused, Code: "not-importable", Ref: s.object.Ref(), Offset: -1, Message: err.Error(),
			Pointer: "/data/" + terway.ConflistName, Position: s.object.At("/data/"+terway.ConflistName, true),
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
		return a.tell(unreadable(err))
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
		text, err := json.Marshal(map[string]any{"spec": d.spec})
		if err != nil {
			return nil, err
		}
		var spec yaml.Node
		if err := yaml.Unmarshal(text, &spec); err != nil {
			return nil, err
		}
		blockStyle(&spec)
		for path, comment := range d.comments {
			if n := manifest.Get(spec.Content[0], append([]string{"spec"}, strings.Split(path, ".")...)...); n != nil {
				n.LineComment = "# " + comment
			}
		}
		var object yaml.Node
		head := fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n  annotations:\n    %s: \"true\"\n", manifest.Group, d.kind, d.name, manifest.LocalConfig)
		if err := yaml.Unmarshal([]byte(head), &object); err != nil {
			return nil, err
		}
		object.Content[0].Content = append(object.Content[0].Content, spec.Content[0].Content...)
		object.HeadComment = d.head
		if err := encoder.Encode(&object); err != nil {
			return nil, err
		}
	}
	err := encoder.Close()
	return b.Bytes(), err
}

// blockStyle undoes JSON's flow style; the encoder quotes what needs it.
func blockStyle(n *yaml.Node) {
	n.Style = 0
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "\n") {
		n.Style = yaml.LiteralStyle
	}
	for _, c := range n.Content {
		blockStyle(c)
	}
}
