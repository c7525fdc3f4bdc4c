// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"slices"
	"strconv"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/terway"
	"go.yaml.in/yaml/v3"
)

var projectionLacksList = Rule{
	ID:      "projection-lacks-list",
	Title:   "the DaemonSet does not mount 10-terway.conflist",
	Impact:  Silent,
	Lost:    true,
	Proof:   "by reading: a projected volume holds only the named keys",
	Sources: []string{"AliyunContainerService/terway:terway.yml at v1.8.4 (items: eni_conf, 10-terway.conf)"},
	Object: func(p *ObjectPass) {
		if p.Ref().Kind != "DaemonSet" {
			return
		}
		volumes := manifest.Get(p.Node, "spec", "template", "spec", "volumes")
		for i := 0; volumes != nil && i < len(volumes.Content); i++ {
			config := manifest.Get(volumes.Content[i], "configMap")
			items := manifest.Get(config, "items")
			if manifest.Text(manifest.Get(config, "name")) != terway.ConfigMapName || items == nil || len(items.Content) == 0 {
				continue
			}
			named := slices.ContainsFunc(items.Content, func(item *yaml.Node) bool { return manifest.Text(manifest.Get(item, "key")) == terway.ConflistName })
			if !named {
				p.Report("/spec/template/spec/volumes/"+strconv.Itoa(i)+"/configMap/items", true, "the volume takes single keys of eni-config, and 10-terway.conflist is not among them: Terway never sees a chain. Remove items")
			}
		}
	},
}
