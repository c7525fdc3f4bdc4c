// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/terway"
)

var duplicateKey = Rule{
	ID:      "duplicate-key",
	Title:   "a key stands twice in one object",
	Impact:  Silent,
	Lost:    true,
	Proof:   "the real terway-cli keeps the last one (recorded answers)",
	Sources: []string{"Go's encoding/json keeps the last value", "containernetworking/plugins:plugins/meta/tuning/tuning.go (its own check never sees duplicates through libcni)"},
	Check: func(p *Pass) {
		for _, key := range jsonKeys {
			if doc := p.Doc(key); doc != nil && (key == p.source || key == terway.ConfKey) {
				for _, d := range doc.Duplicates() {
					p.Report(p.At(key, d.Pointer, d.Key), "the key %q stands here a second time: only this one counts, and what the first one asked for is silently lost. Keep one", d.Name())
				}
			}
		}
	},
}
