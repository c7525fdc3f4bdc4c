// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"maps"
	"slices"

	"github.com/chainlint/chainlint/pkg/conflist"
)

// The chained plugins beside portmap and tuning, and the one that only touches lo.
const (
	Bandwidth = "bandwidth"
	Firewall  = "firewall"
	SBR       = "sbr"
	VRF       = "vrf"
	Loopback  = "loopback"
)

// Role is what a reference plugin does in a list.
type Role string

// The roles: Main plugins make the pod's interface, Chained ones need the result of one before them, IPAM
// ones hand out addresses for others.
const (
	Main    Role = "main"
	Chained Role = "chained"
	IPAM    Role = "ipam"
)

// roles of the reference plugins (containernetworking/plugins: plugins/main, plugins/meta, plugins/ipam at v1.9.1).
var roles = map[string]Role{
	"bridge": Main, "dummy": Main, "host-device": Main, "ipvlan": Main, Loopback: Main, "macvlan": Main, "ptp": Main, "tap": Main, "vlan": Main,
	Bandwidth: Chained, Firewall: Chained, Portmap: Chained, SBR: Chained, Tuning: Chained, VRF: Chained,
	"dhcp": IPAM, "host-local": IPAM, "static": IPAM,
}

// IsReference tells whether a type is one of the reference plugins.
func IsReference(kind string) bool { return roles[kind] != "" }

// CreatesInterface tells whether a plugin makes the pod's interface, so that it can only come first.
func CreatesInterface(kind string) bool { return roles[kind] == Main && kind != Loopback }

// IsIPAM tells whether a plugin hands out addresses for others.
func IsIPAM(kind string) bool { return roles[kind] == IPAM }

// ReferencePlugins are the types of all reference plugins, sorted.
func ReferencePlugins() []string { return slices.Sorted(maps.Keys(roles)) }

// ChainedPlugins are those that belong behind the first one, sorted.
func ChainedPlugins() []string {
	return slices.DeleteFunc(ReferencePlugins(), func(kind string) bool { return roles[kind] != Chained })
}

// RunsAsElement tells whether an address plugin, put into a chain as a plugin of its own, finds what it
// needs: host-local wants a range, dhcp a daemon, static just the member ipam (run).
func RunsAsElement(entry *conflist.Node) bool {
	ipam := entry.Get("ipam")
	switch entry.Get("type").String() {
	case "static":
		return ipam != nil && ipam.Kind != conflist.Null
	case "host-local":
		return handsOut("host-local", ipam)
	}
	return false
}

// GivesAddress tells whether a plugin that replaces the result of the one before it puts an address into its
// own; without one the runtime refuses the pod (containerd: "failed to find network info for sandbox").
func GivesAddress(entry *conflist.Node) bool {
	kind, ipam := entry.Get("type").String(), entry.Get("ipam")
	if !IsIPAM(kind) {
		kind = ipam.Get("type").String()
	}
	return handsOut(kind, ipam)
}

// handsOut tells whether an address plugin of that type finds an address in its configuration; dhcp has no
// daemon on a Terway node.
func handsOut(kind string, ipam *conflist.Node) bool {
	switch kind {
	case "static":
		addresses := ipam.Get("addresses")
		return addresses != nil && len(addresses.Elements) > 0
	case "host-local":
		return ipam.Get("subnet") != nil || ipam.Get("ranges") != nil
	}
	return false
}
