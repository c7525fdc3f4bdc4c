// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/conflist"
)

// parseChain reads the text of cni_chain, which is YAML, into the tree that JSON would give, with the places
// of the YAML.
func parseChain(text string) (*conflist.Node, error) {
	if node, err := conflist.Parse(text); err == nil {
		return node, nil
	}
	docs, err := manifest.Documents("", []byte(text))
	if err != nil {
		return nil, err
	}
	if len(docs) != 1 {
		return nil, fmt.Errorf("it has %d YAML documents where one list belongs", len(docs))
	}
	json, err := manifest.JSON(docs[0].Node)
	if err != nil {
		return nil, err
	}
	node, err := conflist.Parse(string(json))
	if err == nil {
		place(node, docs[0].Node, docs[0])
	}
	return node, err
}

// place gives the nodes of the JSON the ranges that they have in the YAML.
func place(n *conflist.Node, y *yaml.Node, doc *manifest.Object) {
	n.Start, n.End = doc.Range(y)
	y = manifest.Follow(y)
	for i := range n.Members {
		if 2*i+1 < len(y.Content) {
			place(n.Members[i].Key, y.Content[2*i], doc)
			place(n.Members[i].Value, y.Content[2*i+1], doc)
		}
	}
	for i := range n.Elements {
		if i < len(y.Content) {
			place(n.Elements[i], y.Content[i], doc)
		}
	}
}
