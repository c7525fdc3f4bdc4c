// SPDX-License-Identifier: Apache-2.0

package terway

import "regexp"

// Labels of nodes: PoolLabel names the node pool on ACK, ExclusiveENILabel marks nodes whose pods have ENIs of their own
// (types/k8s.go, NodeExclusiveENIMode).
const (
	PoolLabel         = "alibabacloud.com/nodepool-id"
	ExclusiveENILabel = "k8s.aliyun.com/exclusive-mode-eni-type"
)

var majorMinor = regexp.MustCompile(`^\d+\.\d+`)

// KernelVersion is what facts say of a kernel's release such as 5.10.134-16.al8: 5.10. It is "" for what is no release.
func KernelVersion(release string) string { return majorMinor.FindString(release) }
