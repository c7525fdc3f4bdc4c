// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strconv"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/terway"
	"go.yaml.in/yaml/v3"
)

var generatorHashSuffix = Rule{
	ID:      "generator-hash-suffix",
	Title:   "a generator that puts a hash behind the name eni-config",
	Impact:  Silent,
	Lost:    true,
	Proof:   "kustomize appends the hash (run)",
	Sources: []string{"kustomize: generatorOptions.disableNameSuffixHash", "AliyunContainerService/terway:charts/terway/templates/terwayd/daemonset.yaml"},
	Object: func(p *ObjectPass) {
		generators := manifest.Get(p.Node, "configMapGenerator")
		if generators == nil || generators.Kind != yaml.SequenceNode || isTrue(manifest.Get(p.Node, "generatorOptions", "disableNameSuffixHash")) {
			return
		}
		for i, g := range generators.Content {
			if manifest.Text(manifest.Get(g, "name")) == terway.ConfigMapName && !isTrue(manifest.Get(g, "options", "disableNameSuffixHash")) {
				p.Report("/configMapGenerator/"+strconv.Itoa(i)+"/name", false, "kustomize puts a hash behind the name of this ConfigMap, and Terway reads only %s: the chain never reaches a node. Add options: {disableNameSuffixHash: true}", terway.ConfigMapName)
			}
		}
	},
}

func isTrue(n *yaml.Node) bool { return n != nil && n.ShortTag() == "!!bool" && n.Value == "true" }
