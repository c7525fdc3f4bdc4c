// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
)

var pluginKeyNewer = Rule{
	ID:      "plugin-key-newer",
	Title:   "a key that the installed plugin is too old, or too new, for",
	Impact:  Silent,
	Lost:    true,
	Defeats: []string{MasqAll},
	Proof:   "differential test: the plugin starts and ignores it; wrong-type probes of the real binaries",
	Sources: []string{"containernetworking/plugins:plugins/meta/*/ (configuration structs of each release, compared by keys_test.go)"},
	Check: func(p *Pass) {
		for _, e := range p.Written() {
			for _, bad := range cni.CheckKeys(e.Node, p.Version(e.Type)) {
				if bad.Kind == cni.OtherRelease {
					p.Report(e.AtKey(bad.Member), "%s", bad.Message)
				}
			}
			if p.Version(e.Type) == "" && cni.DependsOnRelease(e.Node) {
				p.Needs("cniPlugins.version")
			}
		}
	},
}
