// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
)

var tuningSysctlKey = Rule{
	ID:      "tuning-sysctl-key",
	Title:   "tuning cannot write this sysctl",
	Impact:  AllPods,
	Proof:   "differential test: tuning finds no file, and ADD fails",
	Sources: []string{"containernetworking/plugins:plugins/meta/tuning/tuning.go (getSysctlFilename)", "the kernel's /proc/sys/net in a pod (pkg/cni/sysctls.txt)"},
	Check: func(p *Pass) {
		for _, s := range p.allSysctls() {
			if bad := cni.CheckSysctl(s.Key, s.Value); bad != nil && bad.Kind != cni.BadValue {
				p.Report(s.atKey(), "%s: every pod fails on it", bad.Message)
			}
		}
	},
}
