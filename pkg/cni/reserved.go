// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"net"
	"strconv"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// tuningArgs are the members of args.cni that tuning reads (plugins/meta/tuning/tuning.go, IPAMArgs).
var tuningArgs = []Key{
	{Name: "sysctl", Type: "texts"},
	{Name: "mac", Type: "string"},
	{Name: "promisc", Type: "bool"},
	{Name: "mtu", Type: "int"},
	{Name: "allmulti", Type: "bool"},
	{Name: "txQLen", Type: "int"},
}

// CheckArgs says what tuning would refuse of an object under args.cni.
func CheckArgs(args *conflist.Node) []string {
	var bad []string
	for _, m := range args.Distinct() {
		key, known := lookup(tuningArgs, m.Name())
		if known && !decodes(m.Value, key.Type) {
			bad = append(bad, "args.cni."+key.Name+" must be "+words[key.Type])
		}
		if known && key.Name == "mac" && brokenMAC(m.Value) {
			bad = append(bad, "args.cni.mac is no MAC address")
		}
		for _, s := range m.Value.Distinct() {
			if known && key.Name == "sysctl" && s.Value.Kind == conflist.String {
				if p := CheckSysctl(s.Name(), s.Value.String()); p != nil {
					bad = append(bad, p.Message)
				}
			}
		}
	}
	return bad
}

func brokenMAC(n *conflist.Node) bool {
	_, err := net.ParseMAC(n.String())
	return n.Kind == conflist.String && n.String() != "" && err != nil
}

// CheckRuntimeConfig says what a plugin would refuse of a runtimeConfig that is written into its entry, ""
// if nothing. Limits there fail every pod, too: bandwidth finds no interface of the host behind Terway.
func CheckRuntimeConfig(kind string, config *conflist.Node) string {
	switch kind {
	case Portmap:
		if m := config.Fold("portMappings"); m != nil {
			return brokenMappings(m.Value)
		}
	case terway.PluginType:
		return terway.BrokenRuntimeConfig(config)
	case Tuning:
		if m := config.Fold("mac"); m != nil && (m.Value.Kind != conflist.String && m.Value.Kind != conflist.Null || brokenMAC(m.Value)) {
			return "mac is no MAC address"
		}
	case Bandwidth:
		m := config.Fold("bandwidth")
		if m == nil || m.Value.Kind == conflist.Null {
			return ""
		}
		if m.Value.Kind != conflist.Object {
			return "bandwidth must be an object"
		}
		if l := ReadLimits(m.Value); l.Broken != "" || l.Static {
			return "bandwidth refuses these limits, or finds no interface of the host for them"
		}
		return brokenLimits(m.Value)
	}
	return ""
}

func brokenMappings(list *conflist.Node) string {
	if list.Kind != conflist.Array && list.Kind != conflist.Null {
		return "portMappings must be a list"
	}
	for _, mapping := range list.Elements {
		for _, name := range []string{"hostPort", "containerPort"} {
			m := mapping.Fold(name)
			if m == nil {
				return "a mapping has no " + name
			}
			if n, err := strconv.Atoi(terway.WrittenNumber(m.Value.Text)); err != nil || n <= 0 || n > 65535 {
				return name + " must be a port"
			}
		}
		if protocol := mapping.Fold("protocol"); protocol == nil || protocol.Value.String() == "" {
			return "a mapping has no protocol"
		}
	}
	return ""
}

func brokenLimits(limits *conflist.Node) string {
	for _, m := range limits.Distinct() {
		if key, known := lookup(pluginKeys[Bandwidth], m.Name()); known && !decodes(m.Value, key.Type) {
			return key.Name + " must be " + words[key.Type]
		}
	}
	return ""
}

// SpeaksList tells whether a release of a plugin knows the CNI version that Terway writes (version.All of each
// release: v0.8.0 is the first with 0.4.0; bandwidth of v1.0.0 lists 0.3.0, 0.3.1 and 1.0.0 only).
func SpeaksList(kind, version string) bool {
	return !terway.Older(version, "v0.8.0") && (kind != Bandwidth || terway.Older(version, "v1.0.0") || !terway.Older(version, "v1.0.1"))
}
