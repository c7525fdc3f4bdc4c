// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/manifest"
)

// setData puts a text under a key of a ConfigMap's data as a literal block, in place where it stands.
func setData(configMap *yaml.Node, key, text string) {
	data := child(configMap, "data")
	if n := manifest.Get(data, key); n != nil && n.Value == text && n.Style == yaml.LiteralStyle {
		return
	}
	configMap.Style &^= yaml.FlowStyle // a literal block cannot stand inside braces
	value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Style: yaml.LiteralStyle}
	put(data, key, value)
}

// unalias writes out what aliases stand for, so that a change has one place and no anchor goes missing.
func unalias(n *yaml.Node) {
	n.Anchor = ""
	for i, c := range n.Content {
		if c.Kind == yaml.AliasNode {
			c = clone(manifest.Follow(c))
			n.Content[i] = c
		}
		unalias(c)
	}
}

func clone(n *yaml.Node) *yaml.Node {
	copied := *n
	copied.Content = make([]*yaml.Node, len(n.Content))
	for i, c := range n.Content {
		copied.Content[i] = c
		if c.Kind != yaml.AliasNode {
			copied.Content[i] = clone(c)
		}
	}
	return &copied
}

// SetAnnotation puts an annotation on an object.
func SetAnnotation(object *yaml.Node, key, value string) {
	setText(child(child(object, "metadata"), "annotations"), key, value)
}

// child returns the mapping under a key, made if it is absent or null. Aliases are written out before.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key && n.Content[i+1].Kind == yaml.MappingNode {
			return n.Content[i+1]
		}
	}
	made := mapping()
	put(n, key, made)
	return made
}

func setText(n *yaml.Node, key, value string) {
	if have := manifest.Get(n, key); have != nil && have.Value == value {
		return
	}
	put(n, key, scalar(value))
}

func put(n *yaml.Node, key string, value *yaml.Node) {
	n.Style &^= yaml.FlowStyle
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			value.HeadComment, value.FootComment = n.Content[i+1].HeadComment, n.Content[i+1].FootComment
			n.Content[i+1] = value
			return
		}
	}
	at := len(n.Content)
	if sorted(n) {
		for at = 0; at < len(n.Content) && n.Content[at].Value < key; at += 2 {
		}
	}
	n.Content = slices.Insert(n.Content, at, scalar(key), value)
}

// sorted: hosts sort keys and compare nodes in order, so a new key takes its place in a sorted mapping.
func sorted(n *yaml.Node) bool {
	for i := 2; i < len(n.Content); i += 2 {
		if n.Content[i-2].Value > n.Content[i].Value {
			return false
		}
	}
	return len(n.Content) > 2
}

func scalar(text string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(text)
	return n
}

func mapping(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for i := 0; i+1 < len(pairs); i += 2 {
		n.Content = append(n.Content, scalar(pairs[i].(string)), pairs[i+1].(*yaml.Node))
	}
	return n
}
