// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

var pluginTypeUnknown = Rule{
	ID:      "plugin-type-unknown",
	Title:   "no node has a plugin of that name",
	Impact:  AllPods,
	Proof:   "differential test: libcni finds no binary, and ADD fails",
	Sources: []string{"containernetworking/cni:pkg/invoke/find.go", "AliyunContainerService/terway:hack/init.sh (ships terway and cilium-cni only)"},
	Check: func(p *Pass) {
		for _, e := range p.Written() {
			known := e.Type == "" || e.Type == terway.PluginType || e.Type == terway.ChainerType || cni.IsReference(e.Type)
			if known || slices.Contains(p.pool.CNIPlugins.Installed, e.Type) {
				continue
			}
			p.Report(e.AtField("type"), "%s", unknownType(e.Type, p.pool.CNIPlugins.Installed))
		}
	},
}

func unknownType(kind string, installed []string) string {
	names := append(cni.ReferencePlugins(), installed...)
	names = append(names, terway.PluginType, terway.ChainerType)
	if strings.Contains(kind, "/") {
		return "the type " + strconv.Quote(kind) + " is a path where the name of a binary belongs: the runtime refuses it, and every pod fails"
	}
	if best := nearest.To(kind, names); best != "" {
		return "there is no plugin " + strconv.Quote(kind) + " on a node, so every pod fails: did you mean " + best + "?"
	}
	if installed != nil {
		return "the nodes have no plugin " + strconv.Quote(kind) + " (fact cniPlugins.installed), so every pod fails"
	}
	return "neither Terway nor the reference plugins bring " + strconv.Quote(kind) + ": without its binary in /opt/cni/bin every pod fails. If your node image has it, say so in the facts: cniPlugins.installed"
}
