// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/pkg/terway"
)

var checkUnstable = Rule{
	ID:      "check-unstable",
	Title:   "a value that the runtime's check never finds again",
	Impact:  SomePods,
	Proof:   "differential test: CHECK compares texts",
	Sources: []string{"containernetworking/plugins:plugins/meta/tuning/tuning.go (cmdCheck)", "cri-o/cri-o:server/sandbox_network.go (CHECK runs right after ADD)"},
	Check: func(p *Pass) {
		for _, s := range p.allSysctls() {
			trimmed := strings.TrimSpace(s.value)
			_, err := strconv.ParseInt(trimmed, 10, 64)
			plain := strconv.Quote(trimmed) == strconv.Quote(s.value) && (err == nil && trimmed == s.value && (trimmed == "0" || trimmed[0] != '0') || err != nil && !strings.ContainsAny(trimmed, " ") && !strings.HasPrefix(trimmed, "0x"))
			if s.value == "" || plain {
				continue
			}
			if p.pool.ContainerRuntime == terway.RuntimeCRIO {
				p.ReportAs(AllPods, true, s.atValue(), "CRI-O checks every pod right after its start, and the kernel gives this value back in another spelling, so the check fails: write it as /proc shows it, with tabs between numbers")
			}
		}
	},
}
