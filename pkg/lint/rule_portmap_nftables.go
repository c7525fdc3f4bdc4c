// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/predict"
)

var portmapNftables = Rule{
	ID:      "portmap-nftables",
	Title:   "the nftables backend of this release is broken or unsafe",
	Impact:  SomePods,
	Defeats: allHostPorts,
	Proof:   "packets: traffic through the node is taken (ISO-001; mutant NC-08); v1.6.0 by the upstream issue; v1.6.2 and later in the differential test",
	Sources: []string{"containernetworking/plugins issue #1115 (v1.6.0), fixed in v1.6.1 by commit 9296c5f8", "CVE-2025-67499 (GHSA-jv3w-x3r3-g6rm), fixed in v1.9.0 by commit 9b3772e1"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			switch {
			case !m.nftables() || !m.asked():
			case p.LacksPlugin(cni.Portmap, cni.NftablesWorks):
				p.ReportAs(m.hostPortPods(), false, m.AtField("backend"), "the nftables backend of portmap %s does not work: every pod with host ports fails. Use iptables, or %s and later", m.version, cni.Since(cni.NftablesSafe))
			case p.sound(m).Transit(false).Holds == predict.Yes:
				p.ReportAs(Traffic, false, m.AtField("backend"), "the nftables backend of portmap %s also catches traffic that is not addressed to the node (CVE-2025-67499): connections through the node to a port of that number end up in the pod. Use iptables, or %s and later", m.version, cni.Since(cni.NftablesSafe))
			}
		}
	},
}
