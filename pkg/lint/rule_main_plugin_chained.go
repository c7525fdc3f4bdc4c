// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

var mainPluginChained = Rule{
	ID:      "main-plugin-chained",
	Title:   "a plugin that makes interfaces stands behind terway",
	Impact:  AllPods,
	Proof:   "differential test: the name of the interface is taken, and ADD fails",
	Sources: []string{"containernetworking/plugins:plugins/main/*/", "containernetworking/plugins:plugins/ipam/*/"},
	Check: func(p *Pass) {
		terwayAt := slices.IndexFunc(p.entries, func(e *Entry) bool { return e.Type == terway.PluginType })
		if terwayAt < 0 || p.unordered() {
			return
		}
		for _, e := range p.entries[terwayAt+1:] {
			switch {
			case e.Key == "":
			case e.Type == cni.Loopback:
				p.ReportAs(Hygiene, false, e.AtField("type"), "the runtime brings lo up by itself: remove loopback")
			case usesHostLocal(e) && slices.ContainsFunc(p.entries[:e.Index], usesHostLocal):
				p.Report(e.AtField("type"), "host-local gives one pod one address, and another entry has asked for one before: this one fails, and every pod with it. Remove both")
			case e.Type == "tap" && cni.GivesAddress(e.Node):
				p.ReportAs(Traffic, true, e.AtField("type"), "tap makes an interface of its own, and its result takes the place of Terway's: the cluster is told a wrong address. Remove it")
			case cni.CreatesInterface(e.Type):
				p.Report(e.AtField("type"), "%s makes the pod's interface, which terway has already made under the same name: it fails, and with it every pod. Only chained plugins (%s) belong behind terway", e.Type, strings.Join(cni.ChainedPlugins(), ", "))
			case cni.IsIPAM(e.Type):
				p.judgeIPAM(e)
			}
		}
	},
}

// judgeIPAM: an address plugin is no element of a chain; where it runs at all, its result replaces Terway's.
func (p *Pass) judgeIPAM(e *Entry) {
	if !cni.RunsAsElement(e.Node) || !cni.GivesAddress(e.Node) {
		p.Report(e.AtField("type"), "%s hands out addresses for other plugins and is no element of a chain: as it stands it fails, and with it every pod. Remove it", e.Type)
		return
	}
	p.ReportAs(Traffic, true, e.AtField("type"), "%s hands out addresses for other plugins; as an element of the chain its result takes the place of Terway's, and the cluster is told an address that the pod does not have: remove it", e.Type)
}

// usesHostLocal tells whether an entry takes an address from host-local, itself or as its helper.
func usesHostLocal(e *Entry) bool {
	return e.Type == "host-local" || cni.CreatesInterface(e.Type) && e.Get("ipam").Get("type").String() == "host-local"
}
