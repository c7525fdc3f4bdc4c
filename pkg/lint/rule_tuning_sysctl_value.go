// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
)

var tuningSysctlValue = Rule{
	ID:      "tuning-sysctl-value",
	Title:   "the kernel refuses the value of this sysctl",
	Impact:  AllPods,
	Proof:   "differential test: the write fails with \"invalid argument\"",
	Sources: []string{"the kernel's /proc/sys/net in a pod (pkg/cni/sysctls.txt)"},
	Check: func(p *Pass) {
		for _, s := range p.allSysctls() {
			if bad := cni.CheckSysctl(s.Key, s.Value); bad != nil && bad.Kind == cni.BadValue {
				p.Report(s.atValue(), "%s: every pod fails on it", bad.Message)
			}
		}
	},
}
