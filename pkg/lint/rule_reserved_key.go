// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
)

var reservedKey = Rule{
	ID:      "reserved-key",
	Title:   "a key that belongs to the runtime",
	Impact:  AllPods,
	Proof:   "differential test",
	Sources: []string{"containernetworking/cni:SPEC.md (runtimeConfig, args and keys of cni.dev are reserved)", "containernetworking/cni:libcni/api.go (buildOneConfig)", "containernetworking/plugins:plugins/meta/tuning/tuning.go (parseConf)"},
	Check: func(p *Pass) {
		for _, e := range p.Written() {
			for _, m := range e.Distinct() {
				switch name := strings.ToLower(m.Name()); {
				case name == "cniversion" && m.Name() > "cniVersion":
					p.versionAgain(e, m)
				case name == "prevresult" && m.Name() > "prevResult" && m.Value.Kind == conflist.Null && slices.Contains(cni.ChainedPlugins(), e.Type):
					p.Report(e.AtKey(m), "this spelling counts instead of the runtime's own prevResult, so %s is told of no pod, and every pod fails: remove it", e.Type)
				case m.Value.Kind == conflist.Null:
				case name == "prevresult" && m.Name() > "prevResult" && spoilsResult(m.Value) && slices.Contains(cni.ChainedPlugins(), e.Type):
					p.Report(e.AtKey(m), "this spelling is poured over the runtime's own prevResult, whose version or addresses are lost, and every pod fails: remove it")
				case name == "args" && e.Type == cni.Tuning:
					p.tuningArgs(e, m)
				case name == "runtimeconfig" && m.Value.Kind == conflist.Object:
					p.runtimeConfig(e, m)
				case name == "prevresult", name == "args", strings.HasPrefix(name, "cni.dev/"):
					p.ReportAs(Hygiene, false, e.AtKey(m), "%s belongs to the runtime: remove it", m.Name())
				}
			}
		}
	},
}

// spoilsResult tells whether members of an object, poured over the result of the plugin before, make it
// useless.
func spoilsResult(over *conflist.Node) bool {
	version, ips := over.Get("cniVersion"), over.Get("ips")
	return version != nil && !slices.Contains(resultVersions, version.String()) || ips != nil && len(ips.Elements) == 0
}

// resultVersions are those that a result of a list of version 0.4.0 may have.
var resultVersions = []string{"0.3.0", "0.3.1", "0.4.0"}

// versionAgain: the runtime sorts the members, so this spelling comes behind its own and counts.
func (p *Pass) versionAgain(e *Entry, m conflist.Member) {
	if text := m.Value.String(); m.Value.Kind == conflist.String && !slices.Contains([]string{"0.3.0", "0.3.1", "0.4.0", "1.0.0"}, text) {
		p.Report(e.AtKey(m), "this spelling counts instead of the runtime's own cniVersion, and %s takes no %s: every pod fails. Remove it", e.Type, short(text))
	}
}

// tuningArgs: tuning reads args.cni as it reads its own members.
func (p *Pass) tuningArgs(e *Entry, m conflist.Member) {
	bad := ""
	inner := m.Value.Fold("cni")
	if inner != nil && inner.Value.Kind == conflist.Object {
		bad = brokenArgs(e, inner.Value)
	} else if inner != nil && inner.Value.Kind != conflist.Null {
		bad = "args.cni is " + a(inner.Value.Kind) + " where an object belongs"
	}
	if bad != "" {
		p.Report(e.AtKey(m), "%s, so every pod fails: write what you mean as tuning's own members", bad)
		return
	}
	p.ReportAs(Hygiene, false, e.AtKey(m), "args belongs to the runtime: write what you mean as tuning's own members")
}

// brokenArgs judges args.cni by the rules for tuning's own members.
func brokenArgs(e *Entry, args *conflist.Node) string {
	_, hasMap := e.Merged("sysctl")
	if s := args.Fold("sysctl"); s != nil && s.Value.Kind == conflist.Object && len(s.Value.Members) > 0 && !hasMap {
		return "args.cni.sysctl without a sysctl beside it makes tuning panic"
	}
	for _, bad := range cni.CheckArgs(args) {
		return bad
	}
	return ""
}

// runtimeConfig: what is written there holds for every pod, unless the runtime replaces it.
func (p *Pass) runtimeConfig(e *Entry, m conflist.Member) {
	if len(m.Value.Members) == 0 {
		return
	}
	if bad := cni.CheckRuntimeConfig(e.Type, m.Value); bad != "" {
		p.Report(e.AtKey(m), "runtimeConfig belongs to the runtime; written here, %s, and every pod fails. Remove it, and declare the capability instead", bad)
		return
	}
	p.ReportAs(Traffic, true, e.AtKey(m), "runtimeConfig belongs to the runtime: written here, every pod claims what it says. Remove it, and declare the capability instead")
}
