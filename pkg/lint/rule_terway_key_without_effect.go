// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/terway"
)

var terwayKeyWithoutEffect = Rule{
	ID:      "terway-key-without-effect",
	Title:   "a key of Terway's own entry that does nothing",
	Impact:  Silent,
	Lost:    true,
	Defeats: []string{PublicHostPorts},
	Proof:   "the real terway-cli overwrites bandwidth_mode (recorded answers); port mappings by reading",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go (bandwidth_mode)", "AliyunContainerService/terway:plugin/driver/types/types.go (portMappings is read on Windows only)"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(terway.PluginType) {
			for _, m := range e.Members {
				if best := terway.NearestPluginKey(m.Name()); best != "" {
					p.ReportAs(Silent, true, e.AtKey(m), "Terway reads no %s, so it is silently ignored: did you mean %s?", m.Name(), best)
				}
			}
			if mode := e.Get("bandwidth_mode"); mode != nil && !p.Lacks(terway.ResolvedDatapath) {
				p.ReportAs(Hygiene, false, e.At("/bandwidth_mode", mode), "Terway decides bandwidth_mode by itself and overwrites this: remove it")
			}
			if mappings := e.Value("capabilities").Get("portMappings"); mappings.IsTrue() {
				p.ReportAs(Silent, false, e.At("/capabilities/portMappings", mappings), "Terway's plugin does nothing with port mappings on Linux: host ports take portmap, with this capability on its own entry")
			}
		}
	},
}
