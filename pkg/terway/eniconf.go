// SPDX-License-Identifier: Apache-2.0

package terway

import (
	"cmp"
	"encoding/json"
)

// ENIConf is what chainlint reads of the key eni_conf. The key can hold credentials, so nothing else
// of it leaves this package.
type ENIConf struct {
	// IPStack is ipv4, dual or ipv6; Terway takes an absent one as ipv4 (types/daemon/config.go, GetIPStack).
	IPStack string
}

// eniConf has the Go types of types/daemon/config.go at v1.17.5: a value of another type makes
// `terway-cli nodeconfig` fail (node.go, getENIConfig).
type eniConf struct {
	Version                     string              `json:"version"`
	AccessKey                   string              `json:"access_key"`
	AccessSecret                string              `json:"access_secret"`
	RegionID                    string              `json:"region_id"`
	CredentialPath              string              `json:"credential_path"`
	ServiceCIDR                 string              `json:"service_cidr"`
	VSwitches                   map[string][]string `json:"vswitches"`
	ENITags                     map[string]string   `json:"eni_tags"`
	MaxPoolSize                 int                 `json:"max_pool_size"`
	MinPoolSize                 int                 `json:"min_pool_size"`
	IPWarmUpSize                *int                `json:"ip_warm_up_size"`
	IdleIPReclaimAfter          *string             `json:"idle_ip_reclaim_after"`
	IdleIPReclaimBatchSize      int                 `json:"idle_ip_reclaim_batch_size"`
	IdleIPReclaimInterval       *string             `json:"idle_ip_reclaim_interval"`
	IdleIPReclaimJitterFactor   *string             `json:"idle_ip_reclaim_jitter_factor"`
	MinENI                      int                 `json:"min_eni"`
	MaxENI                      int                 `json:"max_eni"`
	Prefix                      string              `json:"prefix"`
	SecurityGroup               string              `json:"security_group"`
	SecurityGroups              []string            `json:"security_groups"`
	ENICapRatio                 float64             `json:"eni_cap_ratio"`
	ENICapShift                 int                 `json:"eni_cap_shift"`
	VSwitchSelectionPolicy      string              `json:"vswitch_selection_policy"`
	ENISelectionPolicy          string              `json:"eni_selection_policy"`
	IPStack                     string              `json:"ip_stack"`
	EnableENITrunking           bool                `json:"enable_eni_trunking"`
	EnableERDMA                 bool                `json:"enable_erdma"`
	CustomStatefulWorkloadKinds []string            `json:"custom_stateful_workload_kinds"`
	IPAMType                    string              `json:"ipam_type"`
	BackoffOverride             map[string]backoff  `json:"backoff_override"`
	ExtraRoutes                 []struct {
		Dst string `json:"dst"`
	} `json:"extra_routes"`
	DisableDevicePlugin bool              `json:"disable_device_plugin"`
	ENITagFilter        map[string]string `json:"eni_tag_filter"`
	KubeClientQPS       float32           `json:"kube_client_qps"`
	KubeClientBurst     int               `json:"kube_client_burst"`
	ResourceGroupID     string            `json:"resource_group_id"`
	RateLimit           map[string]int    `json:"rate_limit"`
	EnablePatchPodIPs   *bool             `json:"enable_patch_pod_ips"`
	IPPoolSyncPeriod    string            `json:"ip_pool_sync_period"`
	EnableIPPrefix      bool              `json:"enable_ip_prefix"`
	IPv4PrefixCount     int               `json:"ipv4_prefix_count"`
	IPv6PrefixCount     int               `json:"ipv6_prefix_count"`
}

// backoff is pkg/backoff ExtendedBackoff, durations in nanoseconds.
type backoff struct {
	InitialDelay, Duration, Cap int64
	Factor, Jitter              float64
	Steps                       int
}

// ParseENIConf decodes the value of eni_conf. The error names the field, never a value.
func ParseENIConf(text string) (ENIConf, error) {
	var conf eniConf
	if err := json.Unmarshal([]byte(text), &conf); err != nil {
		return ENIConf{}, withoutValue(err)
	}
	return ENIConf{IPStack: conf.IPStack}, nil
}

// IPStackOf the value of eni_conf: what it names, or what Terway takes without; "" where it cannot be read.
func IPStackOf(text string) string {
	conf, err := ParseENIConf(text)
	if err != nil {
		return ""
	}
	return cmp.Or(conf.IPStack, "ipv4")
}
