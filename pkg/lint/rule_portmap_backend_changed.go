// SPDX-License-Identifier: Apache-2.0

package lint

var portmapBackendChanged = Rule{
	ID:      "portmap-backend-changed",
	Title:   "portmap moves to another firewall while pods run",
	Impact:  Traffic,
	Proof:   "packets: rules stay, and the next pod is black-holed (LIF-015)",
	Sources: []string{"containernetworking/plugins:plugins/meta/portmap/main.go (cmdDel)"},
	Check: func(p *Pass) {
		before := p.before()
		if before == nil {
			return
		}
		old := (&Pass{view: newView(before, p.pool), rule: p.rule, run: p.run}).portmaps()
		now := p.portmaps()
		if len(old) == 0 || len(now) == 0 {
			return
		}
		if was, is := old[0], now[0]; was.firewall() != is.firewall() {
			at := is.AtField("type")
			if is.Field("backend") != nil {
				at = is.AtField("backend")
			}
			p.Report(at, "portmap moves from %s to %s: it cleans up in the new one only, so the rules of pods that run stay on the nodes when those pods go. Delete the pods with host ports first, then roll this out", was.firewall(), is.firewall())
		}
	},
}
