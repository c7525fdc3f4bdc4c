// SPDX-License-Identifier: Apache-2.0

package lint

import "github.com/chainlint/chainlint/pkg/cni"

var portmapCapabilityMissing = Rule{
	ID:      "portmap-capability-missing",
	Title:   "portmap is not told of host ports",
	Impact:  Silent,
	Lost:    true,
	Proof:   "differential test: ADD with a host port passes and makes no rule",
	Sources: []string{"containernetworking/cni:libcni/api.go (injectRuntimeConfig)", "containernetworking/plugins:plugins/meta/portmap/main.go (cmdAdd)"},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(cni.Portmap) {
			if !e.capability("portMappings") {
				p.Report(e.Place(), "portmap lacks the capability portMappings, so the runtime tells it of no host port and every hostPort is silently ignored: add \"capabilities\": {\"portMappings\": true}")
			}
		}
	},
}
