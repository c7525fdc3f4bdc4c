// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"maps"
	"slices"

	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/terway"
)

var configMapKeyUnknown = Rule{
	ID:      "configmap-key-unknown",
	Title:   "a key of eni-config that nobody reads",
	Impact:  Silent,
	Lost:    true,
	Defeats: Fields,
	Proof:   "the real terway-cli does not open other files (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/common.go (getAllConfig)", "charts/terway (felix_relay_service)"},
	Check: func(p *Pass) {
		for _, key := range slices.Sorted(maps.Keys(p.chain.Texts)) {
			best := nearest.To(key, terway.Keys)
			_, taken := p.chain.Texts[best]
			switch {
			case slices.Contains(terway.Keys, key):
			case best != "" && !taken:
				p.Report(p.Key(key), "Terway reads no key %q, so what stands there is silently ignored: did you mean %s?", key, best)
			default:
				p.ReportAs(Silent, false, p.Key(key), "Terway reads no key %q, so what stands there has no effect: remove it, or keep it elsewhere", key)
			}
		}
	},
}
