// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

var pluginTooOld = Rule{
	ID:      "plugin-too-old",
	Title:   "the plugin does not speak the list's version of CNI",
	Impact:  AllPods,
	Proof:   "by reading the supported versions of each release",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go (cniVersion 0.4.0 is forced)", "containernetworking/plugins before v0.8.0 (0.3.1 at most), v1.0.0 bandwidth (0.4.0 is missing)"},
	Check: func(p *Pass) {
		for _, e := range p.Written() {
			if version := p.Version(e.Type); cni.IsReference(e.Type) && version != "" && !cni.SpeaksList(e.Type, version) {
				p.Report(e.AtField("type"), "%s %s does not know CNI version %s, which Terway writes into every list: every pod fails. Install a later release", e.Type, version, terway.ListVersion)
			}
		}
	},
}
