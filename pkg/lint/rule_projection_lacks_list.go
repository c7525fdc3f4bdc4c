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
			at := "/spec/template/spec/volumes/" + strconv.Itoa(i)
			p.projection(at+"/configMap", manifest.Get(volumes.Content[i], "configMap"))
			sources := manifest.Get(volumes.Content[i], "projected", "sources")
			for j := 0; sources != nil && j < len(sources.Content); j++ {
				p.projection(at+"/projected/sources/"+strconv.Itoa(j)+"/configMap", manifest.Get(sources.Content[j], "configMap"))
			}
		}
	},
}

// projection judges a volume, or a part of one, that takes single keys of eni-config.
func (p *ObjectPass) projection(at string, config *yaml.Node) {
	items := manifest.Get(config, "items")
	if manifest.Text(manifest.Get(config, "name")) != terway.ConfigMapName || items == nil || len(items.Content) == 0 {
		return
	}
	named := slices.ContainsFunc(items.Content, func(item *yaml.Node) bool { return manifest.Text(manifest.Get(item, "key")) == terway.ConflistName })
	if !named {
		p.Report(at+"/items", true, "the volume takes single keys of eni-config, and 10-terway.conflist is not among them: Terway never sees a chain. Remove items")
	}
}
