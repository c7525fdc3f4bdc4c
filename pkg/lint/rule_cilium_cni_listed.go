// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/terway"
)

var ciliumCNIListed = Rule{
	ID:      "cilium-cni-listed",
	Title:   "the chain names cilium-cni itself",
	Impact:  AllPods,
	Proof:   "by reading: no cilium agent can be had in namespaces; the merge is compared with the real terway-cli",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go (mergeConfigList, storeRuntimeConfig)", "AliyunContainerService/terway:cmd/terway-cli/policy.go (starts cilium only where the provider is ebpf)"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(terway.ChainerType) {
			switch p.Datapath() {
			case "":
				p.NeedsDatapath()
			case terway.DatapathVeth:
				p.Report(e.AtField("type"), "the datapath is veth, where Terway starts no cilium agent: cilium-cni fails, and with it every pod. The node also remembers the plugin and appends it again until it is rebooted: remove the entry")
			default:
				p.ReportAs(Hygiene, false, e.AtField("type"), "Terway appends cilium-cni by itself on this datapath, at the end of the chain: remove the entry, unless its place matters")
			}
		}
	},
}
