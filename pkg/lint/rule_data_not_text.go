// SPDX-License-Identifier: Apache-2.0

package lint

import "github.com/chainlint/chainlint/internal/manifest"

var dataNotText = Rule{
	ID:      "data-not-text",
	Title:   "a key of the ConfigMap holds no text",
	Impact:  Silent,
	Lost:    true,
	Proof:   "by reading: the API server decodes data into texts",
	Sources: []string{"k8s.io/api core/v1 ConfigMap (data: map[string]string)"},
	Check: func(p *Pass) {
		for _, odd := range p.chain.odd {
			p.Report(keyPlace(odd.key), "%s holds %s where text belongs, so the API server refuses the whole ConfigMap: %s", odd.key, manifest.Describe(odd.node), manifest.AsText(odd.key, odd.node))
		}
	},
}
