// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"slices"

	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

var exclusiveENI = Rule{
	ID:      "exclusive-eni",
	Title:   "exclusive-ENI nodes drop the chain",
	Impact:  Silent,
	Proof:   "the real terway-cli v1.17.5 replaces the list (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/node.go (eniOnlyCNI), since v1.11.1", "commit 1a4532b7, PR #1054 (keeps the chain behind the first plugin)"},
	Check: func(p *Pass) {
		switch {
		case !p.pool.Exclusive() || p.source == terway.ConfKey || p.source == "":
		case p.discarded && p.versionKnown:
			p.Report(p.Key(p.source), "on exclusive-ENI nodes Terway %s puts its own list in the chain's place: pods there get no host ports and no sysctls of this chain", p.pool.Terway.Version)
		case p.discarded:
			p.Needs("terway.version")
		case slices.ContainsFunc(p.portmaps(), p.unanswered):
			p.ReportAs(Traffic, false, p.Key(p.source), "on exclusive-ENI nodes a pod's replies leave by its own ENI, past the node: host ports answer only where portmap masquerades everything (masqAll)")
		}
	},
}

// unanswered tells whether clients outside get no answer.
func (p *Pass) unanswered(m portmapEntry) bool {
	return p.sound(m).HostPort(outside, predict.Port{}).Outcome == predict.Timeout
}
