// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/yaml"
)

// configure is kind's configuration with what this host and this image need.
func (c *Cluster) configure(ctx context.Context, text []byte, image string) (*v1alpha4.Cluster, error) {
	var config v1alpha4.Cluster
	if err := yaml.UnmarshalStrict(text, &config); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Config, err)
	}
	here, err := findHost(ctx)
	if err != nil {
		return nil, err
	}
	config.KubeadmConfigPatches = append(config.KubeadmConfigPatches, unsafeSysctls)
	if here.cgroupV1 {
		config.KubeadmConfigPatches = append(config.KubeadmConfigPatches, "kind: KubeletConfiguration\nfailCgroupV1: false\n")
	}
	if here.withoutSysResource {
		config.ContainerdConfigPatches = append(config.ContainerdConfigPatches, "[plugins.\"io.containerd.grpc.v1.cri\"]\n  restrict_oom_score_adj = true\n")
	}
	without, err := docker(ctx, "image", "inspect", "--format", `{{index .Config.Labels "`+withoutLabel+`"}}`, image)
	if c.withoutDNS = err == nil && without == "coredns"; c.withoutDNS {
		skip := []string{"preflight", "addon/coredns"}
		if c.Options.KubeProxyMode == "none" {
			skip = append(skip, "addon/kube-proxy")
		}
		config.KubeadmConfigPatches = append(config.KubeadmConfigPatches, "kind: InitConfiguration\nskipPhases: ["+strings.Join(skip, ", ")+"]\n")
	}
	ranges := config.Networking.PodSubnet
	if ranges == "" {
		ranges = podRanges[config.Networking.IPFamily]
		config.Networking.PodSubnet = ranges
	}
	for part := range strings.SplitSeq(ranges, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("%s: podSubnet: %w", c.Config, err)
		}
		c.PodRanges = append(c.PodRanges, p)
	}
	return &config, nil
}

// unsafeSysctls lets pods ask for IPv6 themselves, which LL-030 tries.
const unsafeSysctls = "kind: KubeletConfiguration\nallowedUnsafeSysctls: [net.ipv6.conf.*]\n"

// podRanges are kind's defaults; they are the pods' vSwitches here.
var podRanges = map[v1alpha4.ClusterIPFamily]string{
	v1alpha4.IPv4Family: "10.244.0.0/16", "": "10.244.0.0/16", v1alpha4.DualStackFamily: "10.244.0.0/16,fd00:10:244::/56",
}
