// SPDX-License-Identifier: Apache-2.0

package manifest

import "go.yaml.in/yaml/v3"

// Describe says what stands where text belongs.
func Describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "nothing"
	case n.ShortTag() == "!!str" || n.ShortTag() == "!!binary":
		return "no base64"
	}
	return "a number or truth value"
}

// AsText says how to write as text what stands under a key.
func AsText(key string, n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
		return "put it in quotes"
	}
	return "write `" + key + ": |` and indent the text below"
}
