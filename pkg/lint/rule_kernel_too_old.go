// SPDX-License-Identifier: Apache-2.0

package lint

var kernelTooOld = Rule{
	ID:      "kernel-too-old",
	Title:   "Terway refuses the nodes' kernel",
	Impact:  Init,
	Proof:   "the real terway-cli (recorded answers)",
	Sources: []string{"AliyunContainerService/terway commit 69a54e9b (v1.14.0: kernel 5.10)"},
	Check: func(p *Pass) {
		if p.versionKnown && p.refusal != nil && p.refusal.Key == "" {
			p.Report(p.Key(p.source), "Terway %s needs kernel 5.10, and the nodes have %s (fact node.kernelVersion): its init container fails there", p.pool.Terway.Version, p.pool.Node.KernelVersion)
		}
	},
}
