// SPDX-License-Identifier: Apache-2.0

package terway

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/conflist"
)

// KeyType is what a key of Terway's own entry must hold.
type KeyType struct {
	kind conflist.Kind
	// list: an array of texts. integer: no fraction.
	list, integer bool
	// Words say it to a person.
	Words string
	// Policy: the key is read by the container policy, not by the plugin.
	Policy bool
}

var (
	aText   = KeyType{kind: conflist.String, Words: "text"}
	aSwitch = KeyType{kind: conflist.Bool, Words: "true or false"}
	aNumber = KeyType{kind: conflist.Number, integer: true, Words: "a whole number"}
	aList   = KeyType{kind: conflist.Array, list: true, Words: "a list of texts"}
	object  = KeyType{kind: conflist.Object, Words: "an object"}
	ofPol   = KeyType{kind: conflist.String, Words: "text", Policy: true}
)

// pluginKeys are the keys of Terway's own entry (plugin/driver/types/types.go, CNIConf; cilium_* are read
// by cmd/terway-cli/policy.go, as texts). eniip_virtual_type and bandwidth_mode are written by terway-cli,
// symmetric_routing_config is judged before the plugin sees it.
var pluginKeys = map[string]KeyType{
	"veth_prefix":                  aText,
	"host_stack_cidrs":             aList,
	"disable_host_peer":            aSwitch,
	"vlan_strip_type":              aText,
	"mtu":                          aNumber,
	"enable_network_priority":      aSwitch,
	"debug":                        aSwitch,
	"runtimeconfig":                object,
	"cilium_args":                  ofPol,
	"cilium_enable_hubble":         ofPol,
	"cilium_hubble_metrics":        ofPol,
	"cilium_hubble_listen_address": ofPol,
	"cilium_hubble_metrics_server": ofPol,
}

// PluginKeyType is what a key of Terway's entry must hold, in whatever case of letters it is written; known
// is false for a key that nobody decodes.
func PluginKeyType(name string) (want KeyType, known bool) {
	want, known = pluginKeys[strings.ToLower(name)]
	return want, known
}

// Holds tells whether encoding/json would decode the value.
func (k KeyType) Holds(n *conflist.Node) bool {
	if n.Kind != k.kind {
		return false
	}
	if k.integer {
		_, err := strconv.ParseInt(WrittenNumber(n.Text), 10, 64)
		return err == nil
	}
	for _, e := range n.Elements {
		if k.list && e.Kind != conflist.String && e.Kind != conflist.Null {
			return false
		}
	}
	return true
}

// otherKeys are the keys of Terway's entry that other parts of Terway, or the runtime, read.
var otherKeys = []string{
	"type", "name", "cniVersion", "capabilities", "ipam", "dns", "prevResult", "runtimeConfig", "args", "eniip_virtual_type", "bandwidth_mode",
	"network_policy_provider", "auto_mtu", SymmetricKey, SymmetricConfigKey,
}

// KnownPluginKey tells whether some part of Terway, or the runtime, reads a key of Terway's entry.
func KnownPluginKey(name string) bool {
	return slices.ContainsFunc(allPluginKeys(), func(known string) bool { return strings.EqualFold(known, name) })
}

// NearestPluginKey is the key of Terway's entry that an unknown one was meant to be, "" for a known one and
// for one that is near to none.
func NearestPluginKey(name string) string {
	if KnownPluginKey(name) {
		return ""
	}
	return nearest.To(name, allPluginKeys())
}

func allPluginKeys() []string { return append(slices.Sorted(maps.Keys(pluginKeys)), otherKeys...) }

// WrittenNumber is how Terway writes a JSON number: it carries all of them as 64-bit floating point
// (cmd/terway-cli/cni.go, gabs), so 14e2 comes out as 1400 and 2^53+1 as 2^53.
func WrittenNumber(text string) string {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	written, err := json.Marshal(value)
	if err != nil {
		return text
	}
	return string(written)
}

// runtimeConfig has the types of Terway's plugin (plugin/driver/types/types.go, CNIConf).
type runtimeConfig struct {
	DNS struct {
		Servers, Searches, Options []string
	} `json:"dns"`
	PortMaps []struct {
		HostPort, ContainerPort int
		Protocol, HostIP        string
	} `json:"portMappings"`
	Bandwidth struct {
		IngressRate, IngressBurst, EgressRate, EgressBurst int
	} `json:"bandwidth"`
}

// BrokenRuntimeConfig says what Terway's plugin cannot decode of a runtimeConfig that is written into its
// entry, "" if nothing.
func BrokenRuntimeConfig(config *conflist.Node) string {
	if err := config.Decode(&runtimeConfig{}); err != nil {
		return withoutValue(err).Error()
	}
	return ""
}

// MTU limits of a veth (linux:drivers/net/veth.c), and of IPv6 (RFC 8200); Terway takes what is not positive
// as its default.
const (
	minMTU   = 68
	minMTUv6 = 1280
	maxMTU   = 65535
)

// BrokenMTU tells whether the kernel refuses the MTU that an entry of Terway asks for, or, on dual stack, takes
// IPv6 from the interface with it. What does not fit into 32 bits is cut, as netlink does.
func BrokenMTU(n *conflist.Node, dual bool) bool {
	mtu, err := strconv.ParseInt(WrittenNumber(n.Text), 10, 64)
	least := uint32(minMTU)
	if dual {
		least = minMTUv6
	}
	return err == nil && mtu > 0 && (uint32(mtu) < least || uint32(mtu) > maxMTU)
}
