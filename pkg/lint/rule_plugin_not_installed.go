// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
)

var pluginNotInstalled = Rule{
	ID:      "plugin-not-installed",
	Title:   "the nodes do not have the plugin",
	Impact:  AllPods,
	Proof:   "differential test: libcni finds no binary, and ADD fails",
	Sources: []string{"containernetworking/cni:pkg/invoke/find.go", "kubernetes-sigs/kind:images/base/Dockerfile (no tuning)"},
	Check: func(p *Pass) {
		for _, e := range p.Written() {
			switch {
			case !cni.IsReference(e.Type):
			case p.pool.CNIPlugins.Installed == nil:
				p.Needs("cniPlugins.installed")
			case p.pool.PluginMissing(e.Type):
				p.Report(e.AtField("type"), "the nodes have no %s (fact cniPlugins.installed: %s), so every new pod fails and running ones cannot be deleted: install it on the nodes before the chain names it", e.Type, orNone(p.pool.CNIPlugins.Installed))
			}
		}
	},
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
