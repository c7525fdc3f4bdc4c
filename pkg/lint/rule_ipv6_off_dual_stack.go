// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/predict"
)

var ipv6OffDualStack = Rule{
	ID:      "ipv6-off-dual-stack",
	Title:   "IPv6 is switched off in pods of a dual-stack cluster",
	Impact:  Traffic,
	Lost:    true,
	Proof:   "packets: the address that the result names is gone (LL-026, V6-007; mutant NC-48)",
	Sources: []string{"AliyunContainerService/terway:plugin/driver/utils/utils_linux.go (GenerateIPv6Sysctl)", "containernetworking/plugins:plugins/meta/tuning/tuning.go (the result is passed on unchanged)"},
	Check: func(p *Pass) {
		for _, name := range []string{"all", podInterface} {
			s, ok := p.disablesIPv6()[name]
			if !ok || !s.Off() {
				continue
			}
			switch seen := p.tuned().IPv6(); seen.Advertised {
			case predict.Unknown:
				p.Needs(seen.Needs...)
			case predict.Yes:
				p.Report(s.atKey(), "the cluster is dual stack: pods lose the IPv6 address that Terway gives them, while the cluster goes on naming it, and clients that try it first hang. Remove the sysctl")
			}
		}
	},
}
