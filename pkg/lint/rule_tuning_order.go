// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
)

var tuningOrder = Rule{
	ID:      "tuning-order",
	Title:   "sysctls whose order decides, written in random order",
	Impact:  Traffic,
	Lost:    true,
	Defeats: []string{NoLinkLocal, Sysctls},
	Proof:   "by reading; tuning ranges over a Go map",
	Sources: []string{"containernetworking/plugins:plugins/meta/tuning/tuning.go (ranges over a Go map)", "linux:net/ipv6/addrconf.c (writing all copies to default and walks every interface)"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(cni.Tuning) {
			all := e.sysctls()
			for i, s := range all {
				for _, earlier := range all[:i] {
					if why := cni.OrderMatters(earlier.path, earlier.value, s.path, s.value); why != "" {
						p.Report(s.atKey(), "%s and %s %s, and tuning writes sysctls in random order: the outcome differs from pod to pod. Keep one", earlier.key, s.key, why)
					}
				}
			}
		}
	},
}
