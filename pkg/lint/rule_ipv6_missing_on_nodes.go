// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strings"

	"github.com/chainlint/chainlint/pkg/terway"
)

var ipv6MissingOnNodes = Rule{
	ID:      "ipv6-missing-on-nodes",
	Title:   "nodes without IPv6 have no such sysctl",
	Impact:  AllPods,
	Proof:   "by reading: a kernel booted so cannot be had here; a missing file fails in the differential test",
	Sources: []string{"linux:net/ipv6 (ipv6.disable=1 registers no sysctls)", "containernetworking/plugins issues #59, #102"},
	Check: func(p *Pass) {
		for _, s := range p.allSysctls() {
			if !strings.HasPrefix(s.Path, "/proc/sys/net/ipv6/") {
				continue
			}
			switch p.pool.Node.IPv6 {
			case "":
				p.Needs("node.ipv6")
			case terway.IPv6Disabled:
				p.Report(s.atKey(), "the nodes are booted with ipv6.disable=1 (fact node.ipv6), so this file does not exist, and every pod fails: remove the sysctl, pods have no IPv6 there anyway")
			}
		}
	},
}
