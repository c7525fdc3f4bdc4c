// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/terway"
)

var nameDrift = Rule{
	ID:      "name-drift",
	Title:   "a chain in a ConfigMap that Terway does not read",
	Impact:  Silent,
	Lost:    true,
	Proof:   "by reading: Terway mounts one ConfigMap by name",
	Sources: []string{"AliyunContainerService/terway:charts/terway/templates/terwayd/daemonset.yaml", "AliyunContainerService/terway:docs/dynamic-config.md (node ConfigMaps)"},
	Object: func(p *ObjectPass) {
		ref := p.Ref()
		switch {
		case ref.Kind != "ConfigMap" || isENIConfig(p.Object) || !holdsChain(p.Object):
		case ref.Name == terway.ConfigMapName:
			p.Report("/metadata/namespace", false, "eni-config stands in the namespace %s, and Terway reads %s only: the chain never reaches a node", ref.Namespace, terway.ConfigMapNamespace)
		case strings.Contains(ref.Name, terway.ConfigMapName):
			p.Report("/metadata/name", false, "eni-config is called %s here, and Terway reads only %s/%s: the chain never reaches a node. Keep namePrefix, nameSuffix and hashes away from it", ref.Name, terway.ConfigMapNamespace, terway.ConfigMapName)
		case slices.Contains([]string{"", terway.ConfigMapNamespace}, ref.Namespace):
			p.Report("/metadata/name", false, "Terway reads a chain from %s/%s only; of a node's own ConfigMap (label terway-config) it takes eni_conf and ignores the list: move the chain", terway.ConfigMapNamespace, terway.ConfigMapName)
		}
	},
}

// holdsChain tells whether an object has the key of a chain in its data.
func holdsChain(o *manifest.Object) bool {
	return manifest.Get(o.Node, "data", terway.ConflistName) != nil || manifest.Get(o.Node, "data", terway.CNIChainKey) != nil
}
