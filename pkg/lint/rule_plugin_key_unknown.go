// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
)

var pluginKeyUnknown = Rule{
	ID:      "plugin-key-unknown",
	Title:   "a key that the plugin does not know",
	Impact:  Silent,
	Lost:    true,
	Proof:   "differential test: the plugin starts and ignores it; wrong-type probes of the real binaries",
	Sources: []string{"containernetworking/plugins:plugins/meta/*/ (configuration structs, compared by keys_test.go)"},
	Check: func(p *Pass) {
		for _, e := range p.Written() {
			for _, bad := range cni.CheckKeys(e.Node, p.Version(e.Type)) {
				name := bad.Member
				if bad.Kind == cni.UnknownKey && !slices.Contains(discardedKeys, name.Name()) && !strings.HasPrefix(name.Name(), "cni.dev/") {
					p.ReportAs(Silent, bad.Nearest != "", e.AtKey(name), "%s", bad.Message)
				}
			}
		}
	},
}
