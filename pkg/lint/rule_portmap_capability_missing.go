// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/predict"
)

var portmapCapabilityMissing = Rule{
	ID:      "portmap-capability-missing",
	Title:   "portmap is not told of host ports",
	Impact:  Silent,
	Lost:    true,
	Defeats: allHostPorts,
	Proof:   "packets: host ports are refused (HP-001 to HP-018; mutants NC-02, NC-03)",
	Sources: []string{"containernetworking/cni:libcni/api.go (injectRuntimeConfig)", "containernetworking/plugins:plugins/meta/portmap/main.go (cmdAdd)"},
	Check: func(p *Pass) {
		for _, m := range p.portmaps() {
			w, e := p.sound(m), m.Entry
			if w.Portmap.Capability = m.Capability; w.Told().Holds == predict.Yes || e.capabilityMeant("portMappings") {
				continue
			}
			at, meant := e.Place(), ""
			declared, _ := e.Merged("capabilities")
			for _, m := range declared {
				switch {
				case m.Name() == "portMappings":
					at = e.At("/capabilities/portMappings", m.Value)
				case nearest.To(m.Name(), []string{"portMappings"}) != "":
					at, meant = e.At("/capabilities/"+conflist.EscapePointer(m.Name()), m.Key), " ("+m.Name()+" is none that the runtime knows)"
				}
			}
			p.Report(at, "portmap lacks the capability portMappings%s, so the runtime tells it of no host port and every hostPort is silently ignored: write \"capabilities\": {\"portMappings\": true}", meant)
		}
	},
}

// capabilityMeant tells whether a capability holds something that is no truth value: the runtime refuses the
// whole list then, which runtime-refuses reports.
func (e *Entry) capabilityMeant(name string) bool {
	value := e.Value("capabilities").Get(name)
	return value != nil && value.Kind != conflist.Bool && value.Kind != conflist.Null
}
