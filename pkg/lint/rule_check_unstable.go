// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

var checkUnstable = Rule{
	ID:      "check-unstable",
	Title:   "a value that the runtime's check never finds again",
	Impact:  AllPods,
	Proof:   "by reading: no CRI-O can be had here, and containerd runs no CHECK",
	Sources: []string{"containernetworking/plugins:plugins/meta/tuning/tuning.go (cmdCheck)", "cri-o/cri-o:server/sandbox_network.go (CHECK runs right after ADD)"},
	Check: func(p *Pass) {
		if p.pool.ContainerRuntime != terway.RuntimeCRIO {
			return
		}
		for _, s := range p.allSysctls() {
			if !s.stable() {
				p.ReportAs(AllPods, true, s.atValue(), "CRI-O checks every pod right after its start, and the kernel gives this value back in another spelling, so the check fails: write it as /proc shows it, with tabs between numbers")
			}
			if strings.Contains(s.Key, "IFNAME") && terway.Older(p.Version(cni.Tuning), "v1.3.0") {
				p.ReportAs(AllPods, true, s.atKey(), "CRI-O checks every pod right after its start, and before v1.3.0 tuning does not put the interface in for IFNAME then, so the check fails: write %s", podInterface)
			}
		}
		for _, e := range p.Plugins(cni.Tuning) {
			if mac := e.Value("mac").String(); mac != strings.ToLower(mac) {
				p.ReportAs(AllPods, true, e.AtField("mac"), "CRI-O checks every pod right after its start, and the kernel writes addresses in lower case, so the check fails: write %s", strings.ToLower(mac))
			}
		}
	},
}

// stable tells whether the kernel gives the value back as it is written: no number in another spelling.
func (s sysctl) stable() bool {
	if number, err := strconv.ParseInt(strings.TrimSpace(s.Value), 0, 64); err == nil {
		return strconv.FormatInt(number, 10) == s.Value
	}
	return s.Value == strings.TrimSpace(s.Value) && !strings.Contains(s.Value, " ")
}
