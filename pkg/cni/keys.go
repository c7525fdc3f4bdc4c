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
	// Type as the plugin decodes it: bool, int, uint32, uint64, string, strings (a list), texts (a map of
	// strings), object; any where nobody decodes it, or where the runtime has done so before.
	Type string
	// Since is the release that brought the key; "" is v1.1.1 or before. Until is the first release
	// without it, "" if there is none.
	Since, Until string
}

// commonKeys are those of every plugin (types.NetConf; plugins/pkg/... at v1.9.1). The runtime or libcni
// writes name, cniVersion, prevResult and runtimeConfig; what libcni itself decodes fails there already.
var commonKeys = []Key{
	{Name: "type", Type: "any"},
	{Name: "name", Type: "any"},
	{Name: "cniVersion", Type: "any"},
	{Name: "capabilities", Type: "any"},
	{Name: "ipam", Type: "any"},
	{Name: "dns", Type: "any"},
	{Name: "prevResult", Type: "any"},
	{Name: "runtimeConfig", Type: "any"},
	{Name: "args", Type: "any"},
}

// runtimeKeys are the members of the runtime that a plugin decodes, too (run: an array under runtimeConfig
// fails portmap, tuning and bandwidth, and passes the others; args is read by tuning only).
var runtimeKeys = map[string][]Key{
	Portmap:   {{Name: "runtimeConfig", Type: "object"}},
	Bandwidth: {{Name: "runtimeConfig", Type: "object"}},
	Tuning:    {{Name: "runtimeConfig", Type: "object"}, {Name: "args", Type: "object"}},
}

// pluginKeys are the keys of the chained reference plugins, read off the structs of plugins/meta/*.
// keys_test.go compares them with the sources of every release from v1.1.1 to v1.9.1 that it names.
var pluginKeys = map[string][]Key{
	"bandwidth": {
		{Name: "ingressRate", Type: "uint64"},
		{Name: "ingressBurst", Type: "uint64"},
		{Name: "egressRate", Type: "uint64"},
		{Name: "egressBurst", Type: "uint64"},
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
	"vrf": {{Name: "vrfname", Type: "string"}, {Name: "table", Type: "uint32"}},
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
	for _, m := range entry.Distinct() {
		if p, bad := checkKey(kind, own, m, version); bad {
			p.Member, p.Pointer = m, "/"+conflist.EscapePointer(m.Name())+p.Pointer
			found = append(found, p)
		}
	}
	return found
}

func checkKey(kind string, own []Key, m conflist.Member, version string) (p KeyProblem, bad bool) {
	key, ok := lookup(slices.Concat(own, runtimeKeys[kind], commonKeys), m.Name())
	switch {
	case !ok:
		known := append(names(own), "capabilities")
		return KeyProblem{
			Kind: UnknownKey, Nearest: nearest.To(m.Name(), known),
			Message: fmt.Sprintf("%s knows no key %q and ignores it: %s", kind, m.Name(), nearest.Hint(m.Name(), known)),
		}, true
	case key.laterThan(version):
		return KeyProblem{Kind: OtherRelease, Message: fmt.Sprintf("%s %s ignores %s, which exists from %s on", kind, version, key.Name, key.Since)}, true
	case version != "" && key.Until != "" && !terway.Older(version, key.Until):
		return KeyProblem{Kind: OtherRelease, Message: fmt.Sprintf("%s %s ignores %s, which was taken out in %s", kind, version, key.Name, key.Until)}, true
	case !decodes(m.Value, key.Type):
		inner := firstOther(m.Value, key.Type)
		return KeyProblem{Kind: WrongType, Pointer: inner, Message: fmt.Sprintf("%s must be %s, %s, and %s fails every pod on it", key.Name, words[key.Type], given(m.Value, inner), kind)}, true
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
	"bool": "true or false", "int": "a whole number", "uint32": "a whole number from 0 to 4294967295", "uint64": "a whole number, not below 0", "string": "text", "strings": "a list of texts", "texts": "an object of texts (numbers in quotes)", "object": "an object",
}

// decodes tells whether encoding/json stores the value in a Go field of that type; null always does.
func decodes(n *conflist.Node, kind string) bool {
	if n.Kind == conflist.Null || kind == "any" {
		return true
	}
	switch kind {
	case "bool":
		return n.Kind == conflist.Bool
	case "int", "uint32", "uint64":
		return n.Kind == conflist.Number && holdsNumber(kind, terway.WrittenNumber(n.Text))
	case "string":
		return n.Kind == conflist.String
	case "strings":
		return n.Kind == conflist.Array && firstOther(n, kind) == ""
	case "texts":
		return n.Kind == conflist.Object && firstOther(n, kind) == ""
	}
	return n.Kind == conflist.Object
}

func holdsNumber(kind, text string) bool {
	var err error
	switch kind {
	case "int":
		_, err = strconv.ParseInt(text, 10, 64)
	case "uint32":
		_, err = strconv.ParseUint(text, 10, 32)
	default:
		_, err = strconv.ParseUint(text, 10, 64)
	}
	return err == nil
}

// firstOther is the pointer of the first value inside that is neither text nor null, "" if there is none.
func firstOther(n *conflist.Node, kind string) string {
	if kind != "texts" && kind != "strings" {
		return ""
	}
	for _, m := range n.Distinct() {
		if kind == "texts" && m.Value.Kind != conflist.String && m.Value.Kind != conflist.Null {
			return "/" + conflist.EscapePointer(m.Name())
		}
	}
	for i, e := range n.Elements {
		if kind == "strings" && e.Kind != conflist.String && e.Kind != conflist.Null {
			return "/" + strconv.Itoa(i)
		}
	}
	return ""
}

// given is what stands there, or what stands at the pointer inside it.
func given(n *conflist.Node, inner string) string {
	if inner != "" {
		return "and this value is " + kindOf(n.Find(inner))
	}
	return "not " + kindOf(n)
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
