// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

var firstPluginNotTerway = Rule{
	ID:      "first-plugin-not-terway",
	Title:   "the first plugin is not Terway's own",
	Impact:  AllPods,
	Proof:   "differential test: the plugin that comes first has no result to work on, and ADD fails",
	Sources: []string{"vendor page: \"The first CNI configuration in plugins must be the configuration within 10-terway.conf\"", "containernetworking/plugins:plugins/meta/*/ (prevResult is required)"},
	Check: func(p *Pass) {
		written := p.Written()
		if len(written) == 0 || p.source == terway.CNIChainKey || p.unordered() || written[0].Kind != conflist.Object {
			return
		}
		place := slices.IndexFunc(p.entries, func(e *Entry) bool { return e.Type == terway.PluginType })
		switch {
		case place < 0:
			p.withoutTerway(p.entries[0])
		case place > 0:
			p.beforeTerway(p.entries[:place])
		}
	},
}

// withoutTerway: somebody else may make an interface and give an address, but none that the VPC knows.
func (p *Pass) withoutTerway(first *Entry) {
	if giver := p.givesAddress(); giver != "" {
		p.ReportAs(Traffic, true, first.AtField("type"), "the chain has no terway: %s gives pods an address that the VPC does not know. Put the content of 10-terway.conf first", giver)
		return
	}
	p.Report(first.AtField("type"), "the chain has no terway, so nobody gives pods an address and every pod fails: put the content of 10-terway.conf first")
}

// givesAddress is the plugin whose address a pod ends up with where terway is missing, "" where there is none
// or a plugin fails. The last one that makes a result counts: it takes the place of those before.
func (p *Pass) givesAddress() string {
	giver, result, made, pools := "", false, false, 0
	for _, e := range p.entries {
		creates := cni.CreatesInterface(e.Type)
		switch {
		case cni.IsIPAM(e.Type) && !cni.RunsAsElement(e.Node), creates && made && e.Type != "tap":
			return ""
		case creates || cni.IsIPAM(e.Type):
			giver, result, made = "", true, made || creates
			if usesHostLocal(e) {
				pools++
			}
			if cni.GivesAddress(e.Node) {
				giver = e.Type
			}
		case !result && e.Type != cni.Loopback && e.Value("prevResult") == nil:
			return ""
		}
	}
	if pools > 1 {
		return "" // host-local gives one pod one address
	}
	return giver
}

// beforeTerway judges what runs before anybody has given the pod an address.
func (p *Pass) beforeTerway(entries []*Entry) {
	for _, e := range entries {
		switch {
		case cni.CreatesInterface(e.Type):
			p.Report(e.AtField("type"), "%s runs before terway and makes the pod's interface, so terway finds the name taken and every pod fails: put the content of 10-terway.conf first", e.Type)
		case e.Type == cni.Loopback:
			p.ReportAs(Hygiene, false, e.AtField("type"), "loopback runs before terway: the runtime brings lo up by itself, remove it")
		case e.Value("prevResult") != nil && !p.needsInterface(e):
			p.ReportAs(Traffic, true, e.AtField("type"), "%s runs before terway, on a result that is written into the chain and is no pod's: put the content of 10-terway.conf first", e.Type)
		case cni.IsIPAM(e.Type) && cni.RunsAsElement(e.Node):
			p.ReportAs(Traffic, true, e.AtField("type"), "%s hands out addresses for other plugins and does nothing before terway: remove it", e.Type)
		default:
			p.Report(e.AtField("type"), "%s runs before terway, when the pod has no address yet: it refuses, and every pod fails. Put the content of 10-terway.conf first", e.Type)
		}
	}
}

// unordered: plugins is an object, whose order is not for this rule to judge.
func (p *Pass) unordered() bool { return p.result != nil && p.result.Unordered }

// needsInterface tells whether an entry of tuning touches the pod's interface, which is not there yet.
func (p *Pass) needsInterface(e *Entry) bool {
	if e.Type != cni.Tuning {
		return false
	}
	return cni.ChangesLink(e.Node, p.Version(cni.Tuning)) || slices.ContainsFunc(e.sysctls(), func(s sysctl) bool {
		return strings.Contains(s.Path, "/"+podInterface+"/")
	})
}
