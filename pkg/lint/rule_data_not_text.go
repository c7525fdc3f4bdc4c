// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"go.yaml.in/yaml/v3"
)

var dataNotText = Rule{
	ID:      "data-not-text",
	Title:   "a key of the ConfigMap holds no text",
	Impact:  Silent,
	Lost:    true,
	Proof:   "by reading: the API server decodes data into texts",
	Sources: []string{"k8s.io/api core/v1 ConfigMap (data: map[string]string)"},
	Check: func(p *Pass) {
		for _, odd := range p.chain.odd {
			p.Report(keyPlace(odd.key), "%s holds %s where text belongs, so the API server refuses the whole ConfigMap: %s", odd.key, kindOfYAML(odd.node), asText(odd.key, odd.node))
		}
	},
}

func kindOfYAML(n *yaml.Node) string {
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

func asText(key string, n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
		return "put it in quotes"
	}
	return "write `" + key + ": |` and indent the text below"
}
