// SPDX-License-Identifier: Apache-2.0

// Package cni holds chainlint's claims about the reference CNI plugins (containernetworking/plugins):
// what each release can do, and which words of their configuration matter.
package cni

import "github.com/chainlint/chainlint/pkg/terway"

// The plugins that intents are rendered to.
const (
	Portmap = "portmap"
	Tuning  = "tuning"
)

// The firewalls that portmap programmes.
const (
	Iptables = "iptables"
	Nftables = "nftables"
)

// KubeMarkMasq is the chain of the nat table that kube-proxy makes in the modes iptables and ipvs.
const KubeMarkMasq = "KUBE-MARK-MASQ"

// Feature is something that only some releases of the reference plugins can do.
type Feature string

// The features that matter to a chain.
const (
	MasqAll         Feature = "portmap-masqall"
	MasqAllVendor   Feature = "portmap-masqall-vendor"
	Backend         Feature = "portmap-backend"
	NftablesWorks   Feature = "portmap-nftables"
	NftablesSafe    Feature = "portmap-nftables-safe"
	NftablesMasqAll Feature = "portmap-nftables-masqall"
	TuningAllowlist Feature = "tuning-allowlist"
	IsolatedPolicy  Feature = "firewall-isolated"
	SBRTable        Feature = "sbr-table"
)

// features says since which release of the plugins a feature exists; "" means in none up to v1.9.1.
var features = map[Feature]struct{ Since, Meaning, Source string }{
	MasqAll:         {"v1.2.0", "masqAll, iptables backend only", "plugins/meta/portmap/portmap.go, commit 0463fd19 (PR #772)"},
	MasqAllVendor:   {"v1.7.1", "the release from which Alibaba Cloud documents masqAll", "vendor page \"Configure a custom CNI chain\""},
	Backend:         {"v1.6.0", "backend; before, the key is ignored", "plugins/meta/portmap/main.go"},
	NftablesWorks:   {"v1.6.1", "the nftables backend works; in v1.6.0 every ADD fails", "issue #1115, commit 9296c5f8"},
	NftablesSafe:    {"v1.9.0", "the nftables backend leaves other hosts' traffic alone", "CVE-2025-67499, commit 9b3772e1"},
	NftablesMasqAll: {"", "the nftables backend honours masqAll", "issue #1234, PR #1235, commit 3d27709f, untagged"},
	TuningAllowlist: {"v1.2.0", "looks at /etc/cni/tuning/allowlist.conf", "plugins/meta/tuning/tuning.go, PR #693"},
	SBRTable:        {"v1.6.0", "table: only a rule is added, no route", "plugins/meta/sbr/main.go (doRoutesWithTable)"},
	IsolatedPolicy:  {"v1.7.1", "the ingress policy isolated", "plugins/meta/firewall/firewall.go (run: v1.6.2 refuses it)"},
}

// NewestRead is the latest release of the reference plugins whose sources were read.
const NewestRead = "v1.9.1"

// Since is the first release with the feature, "" where no release has it.
func Since(f Feature) string { return features[f].Since }

// Lacks tells whether that release is known to lack the feature; an unknown version lacks nothing.
func Lacks(version string, f Feature) bool {
	if version == "" {
		return false
	}
	since := features[f].Since
	return since == "" || terway.Older(version, since)
}

// Has tells whether that release is known to have the feature.
func Has(version string, f Feature) bool { return version != "" && !Lacks(version, f) }

// LinkLocalSysctls are the sysctls of the vendor page that leave a pod without IPv6 addresses, in the
// page's order: on all interfaces, on later ones, on lo.
var LinkLocalSysctls = []string{
	"net.ipv6.conf.all.disable_ipv6",
	"net.ipv6.conf.default.disable_ipv6",
	"net.ipv6.conf.lo.disable_ipv6",
}
