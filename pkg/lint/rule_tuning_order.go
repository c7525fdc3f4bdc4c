// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/predict"
)

var tuningOrder = Rule{
	ID:      "tuning-order",
	Title:   "sysctls whose order decides, written in random order",
	Impact:  Traffic,
	Lost:    true,
	Defeats: []string{NoLinkLocal, Sysctls},
	Proof:   "readings: pods of one chain differ (SYS-002; mutant NC-45)",
	Sources: []string{"containernetworking/plugins:plugins/meta/tuning/tuning.go (ranges over a Go map)", "linux:net/ipv6/addrconf.c (writing all copies to default and walks every interface)"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(cni.Tuning) {
			for _, c := range predict.Clashes(predict.ReadSysctls(e.Node)) {
				p.Report(sysctl{c.Later, e}.atKey(), "%s and %s %s, and tuning writes sysctls in random order: the outcome differs from pod to pod. Keep one", c.Earlier.Key, c.Later.Key, c.Why)
			}
		}
	},
}
