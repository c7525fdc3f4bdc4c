// SPDX-License-Identifier: Apache-2.0

package input

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/render"
)

// Document is one of chainlint's own objects to be printed.
type Document struct {
	Kind, Name string
	Spec       any
	// Comments by dotted path into the spec; Head is one before the spec.
	Comments map[string]string
	Head     string
}

// Documents writes objects as YAML, block style, in the order of the Go fields.
func Documents(docs ...Document) ([]byte, error) {
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

func (d Document) node() (*yaml.Node, error) {
	// A struct, so that the order is that of the fields.
	text, err := json.Marshal(struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   any    `json:"metadata"`
		Spec       any    `json:"spec"`
	}{manifest.Group, d.Kind, struct {
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	}{d.Name, map[string]string{manifest.LocalConfig: "true"}}, d.Spec})
	if err != nil {
		return nil, err
	}
	root, err := conflist.Parse(string(text))
	if err != nil {
		return nil, err
	}
	object := manifest.FromJSON(root)
	for path, comment := range d.Comments {
		n := manifest.Get(object, append([]string{"spec"}, strings.Split(path, ".")...)...)
		switch {
		case n == nil:
		case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
			n.Content[0].HeadComment = "# " + comment
		default:
			n.LineComment = "# " + comment
		}
	}
	object.HeadComment = d.Head
	return object, nil
}

// FactsDocument is what was found of a cluster, each fact with its source, and what stays unknown.
func FactsDocument(name string, found *render.FoundFacts) Document {
	head := ""
	if len(found.Unknown) > 0 {
		head = "# Unknown:\n#   " + strings.Join(found.Unknown, "\n#   ")
	}
	return Document{Kind: "ClusterFacts", Name: name, Spec: found.Facts, Comments: maps.Clone(found.Sources), Head: head}
}
