// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Key is one member of a plugin's configuration.
type Key struct {
	Name string
	// Type as the plugin decodes it: bool, int, string, strings (a list), texts (a map of strings), object.
	Type string
	// Since is the release that brought the key; "" is v1.1.1 or before. Until is the first release
	// without it, "" if there is none.
	Since, Until string
}

// commonKeys are those of every plugin (types.NetConf; plugins/pkg/... at v1.9.1). The runtime or libcni
// writes name, cniVersion, prevResult and runtimeConfig.
var commonKeys = []Key{
	{Name: "type", Type: "string"},
	{Name: "name", Type: "string"},
	{Name: "cniVersion", Type: "string"},
	{Name: "capabilities", Type: "object"},
	{Name: "ipam", Type: "object"},
	{Name: "dns", Type: "object"},
	{Name: "prevResult", Type: "object"},
	{Name: "runtimeConfig", Type: "object"},
	{Name: "args", Type: "object"},
}

// pluginKeys are the keys of the chained reference plugins, read off the structs of plugins/meta/*.
// keys_test.go compares them with the sources of every release from v1.1.1 to v1.9.1 that it names.
var pluginKeys = map[string][]Key{
	"bandwidth": {
		{Name: "ingressRate", Type: "int"},
		{Name: "ingressBurst", Type: "int"},
		{Name: "egressRate", Type: "int"},
		{Name: "egressBurst", Type: "int"},
		{Name: "shapedSubnets", Type: "strings", Since: "v1.5.0", Until: "v1.6.0"},
		{Name: "unshapedSubnets", Type: "strings", Since: "v1.5.0", Until: "v1.6.0"},
	},
	"firewall": {
		{Name: "backend", Type: "string"}, {Name: "iptablesAdminChainName", Type: "string"}, {Name: "firewalldZone", Type: "string"}, {Name: "ingressPolicy", Type: "string"},
	},
	"portmap": {
		{Name: "snat", Type: "bool"},
		{Name: "conditionsV4", Type: "strings"},
		{Name: "conditionsV6", Type: "strings"},
		{Name: "markMasqBit", Type: "int"},
		{Name: "externalSetMarkChain", Type: "string"},
		{Name: "masqAll", Type: "bool", Since: "v1.2.0"},
		{Name: "backend", Type: "string", Since: "v1.6.0"},
	},
	"sbr": {{Name: "table", Type: "int", Since: "v1.6.0"}},
	"tuning": {
		{Name: "sysctl", Type: "texts"},
		{Name: "mac", Type: "string"},
		{Name: "mtu", Type: "int"},
		{Name: "promisc", Type: "bool"},
		{Name: "allmulti", Type: "bool"},
		{Name: "dataDir", Type: "string"},
		{Name: "txQLen", Type: "int", Since: "v1.4.0"},
	},
	"vrf": {{Name: "vrfname", Type: "string"}, {Name: "table", Type: "int"}},
}

// KeyProblemKind is what is wrong with a member.
type KeyProblemKind int

// The kinds. WrongType fails every pod; the other two have no effect.
const (
	WrongType KeyProblemKind = iota
	UnknownKey
	OtherRelease
)

// KeyProblem is a member of a plugin entry that the plugin does not take as it is meant.
type KeyProblem struct {
	Kind   KeyProblemKind
	Member conflist.Member
	// Pointer into the entry.
	Pointer string
	// Nearest key that an unknown one may have meant, "" if none is near.
	Nearest string
	// Message says what is wrong and what to write instead.
	Message string
}

// Fails tells whether every pod fails on it.
func (p KeyProblem) Fails() bool { return p.Kind == WrongType }

// CheckKeys judges the members of a plugin entry for a release of the plugins, "" for an unknown one.
// Plugins that are no chained reference plugins are not judged. Names count in any case of letters, as
// for the plugins, which decode with encoding/json.
func CheckKeys(entry *conflist.Node, version string) []KeyProblem {
	kind := entry.Get("type").String()
	own, known := pluginKeys[kind]
	if !known {
		return nil
	}
	var found []KeyProblem
	for _, m := range entry.Members {
		if p, bad := checkKey(kind, own, m, version); bad {
			p.Member, p.Pointer = m, "/"+conflist.EscapePointer(m.Name())
			found = append(found, p)
		}
	}
	return found
}

func checkKey(kind string, own []Key, m conflist.Member, version string) (p KeyProblem, bad bool) {
	key, ok := lookup(append(own[:len(own):len(own)], commonKeys...), m.Name())
	switch {
	case !ok:
		best := nearest.To(m.Name(), names(own))
		return KeyProblem{Kind: UnknownKey, Nearest: best, Message: fmt.Sprintf("%s knows no key %q and ignores it: %s", kind, m.Name(), nearest.Hint(m.Name(), names(own)))}, true
	case key.laterThan(version):
		return KeyProblem{Kind: OtherRelease, Message: fmt.Sprintf("%s %s ignores %s, which exists from %s on", kind, version, key.Name, key.Since)}, true
	case version != "" && key.Until != "" && !terway.Older(version, key.Until):
		return KeyProblem{Kind: OtherRelease, Message: fmt.Sprintf("%s %s ignores %s, which was taken out in %s", kind, version, key.Name, key.Until)}, true
	case !decodes(m.Value, key.Type):
		return KeyProblem{Kind: WrongType, Message: fmt.Sprintf("%s must be %s, not %s, and %s fails every pod on it", key.Name, words[key.Type], given(m.Value, key.Type), kind)}, true
	}
	return KeyProblem{}, false
}

func (k Key) laterThan(version string) bool {
	return version != "" && k.Since != "" && terway.Older(version, k.Since)
}

// DependsOnRelease tells whether the entry has a key that only some releases of its plugin read.
func DependsOnRelease(entry *conflist.Node) bool {
	own := pluginKeys[entry.Get("type").String()]
	return slices.ContainsFunc(entry.Members, func(m conflist.Member) bool {
		key, ok := lookup(own, m.Name())
		return ok && (key.Since != "" || key.Until != "")
	})
}

func lookup(keys []Key, name string) (Key, bool) {
	for _, k := range keys {
		if strings.EqualFold(k.Name, name) {
			return k, true
		}
	}
	return Key{}, false
}

func names(keys []Key) []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = k.Name
	}
	return all
}

var words = map[string]string{
	"bool": "true or false", "int": "a whole number", "string": "text", "strings": "a list of texts", "texts": "an object of texts (numbers in quotes)", "object": "an object",
}

// decodes tells whether encoding/json stores the value in a Go field of that type; null always does.
func decodes(n *conflist.Node, kind string) bool {
	if n.Kind == conflist.Null {
		return true
	}
	switch kind {
	case "bool":
		return n.Kind == conflist.Bool
	case "int":
		_, err := strconv.ParseInt(n.Text, 10, 64)
		_, unsigned := strconv.ParseUint(n.Text, 10, 64)
		return n.Kind == conflist.Number && (err == nil || unsigned == nil)
	case "string":
		return n.Kind == conflist.String
	case "strings":
		return n.Kind == conflist.Array && !hasOther(n.Elements)
	case "texts":
		values := make([]*conflist.Node, len(n.Members))
		for i, m := range n.Members {
			values[i] = m.Value
		}
		return n.Kind == conflist.Object && !hasOther(values)
	}
	return n.Kind == conflist.Object
}

// hasOther tells whether one of the values is neither text nor null.
func hasOther(values []*conflist.Node) bool {
	for _, v := range values {
		if v.Kind != conflist.String && v.Kind != conflist.Null {
			return true
		}
	}
	return false
}

// given is what stands there, in words that differ from those for what belongs there.
func given(n *conflist.Node, want string) string {
	if want == "texts" && n.Kind == conflist.Object || want == "strings" && n.Kind == conflist.Array {
		return "one with other values"
	}
	return kindOf(n)
}

func kindOf(n *conflist.Node) string {
	switch n.Kind {
	case conflist.Object:
		return "an object"
	case conflist.Array:
		return "a list"
	case conflist.String:
		return "text"
	case conflist.Bool:
		return "true or false"
	}
	return "the number " + n.Text
}
