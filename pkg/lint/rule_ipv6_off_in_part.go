// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"maps"
	"slices"
)

var ipv6OffInPart = Rule{
	ID:      "ipv6-off-in-part",
	Title:   "IPv6 is switched off on some interfaces of a pod only",
	Impact:  Traffic,
	Proof:   "packets and readings: addresses stay on the other interfaces (LL-001 to LL-008; mutants NC-12, NC-13, NC-49, NC-50)",
	Sources: []string{"linux:net/ipv6/addrconf.c (default counts for later interfaces only)", "vendor page: all, default and lo"},
	Check: func(p *Pass) {
		off := p.disablesIPv6()
		if all, ok := off["all"]; ok && all.Off() || p.tuned().IPv6().Nowhere() {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(off)) {
			if s := off[name]; s.Off() {
				p.Report(s.atKey(), "this switches IPv6 off %s, and the pod keeps IPv6 addresses elsewhere: write net.ipv6.conf.all.disable_ipv6 for all interfaces, present and coming ones", where(name))
			}
		}
	},
}

func where(name string) string {
	if name == "default" {
		return "only on interfaces that come later; those that are there keep their addresses"
	}
	return "on " + name + " only"
}
