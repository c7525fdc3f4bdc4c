// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
)

var masqallBelowVendorFloor = Rule{
	ID:      "masqall-below-vendor-floor",
	Title:   "masqAll on a portmap that the vendor does not support it on",
	Impact:  Hygiene,
	Proof:   "the key exists from v1.2.0 on (keys_test.go, wrong-type probes)",
	Sources: []string{"vendor page: \"Requires portmap v1.7.1 or later\"", "containernetworking/plugins commit 0463fd19 (v1.2.0)"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			if m.MasqAll && cni.Has(m.version, cni.MasqAll) && cni.Lacks(m.version, cni.MasqAllVendor) {
				p.Report(m.AtField("masqAll"), "masqAll works with portmap %s, but Alibaba Cloud documents it for %s and later: expect no support", m.version, cni.Since(cni.MasqAllVendor))
			}
		}
	},
}
