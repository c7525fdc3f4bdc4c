// SPDX-License-Identifier: Apache-2.0

package target

import (
	"maps"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Infer reads off a chain what it was meant for, as far as that is host ports, addresses and sysctls of pods.
// It is lenient: that a chain is broken must show as an intent that does not hold, and not as one that nobody
// has. A text that is no JSON tells nothing.
func Infer(data map[string]string, facts terway.Facts) render.IntentSpec {
	var spec render.IntentSpec
	public := false
	for _, entry := range written(data, facts) {
		switch kindOf(entry, facts.CNIPlugins.Installed) {
		case cni.Portmap:
			if spec.HostPorts == nil {
				spec.HostPorts = &render.HostPorts{Exposure: render.Private}
			}
			if meansTrue(member(entry, "masqAll")) {
				masq := true
				spec.HostPorts.MasqAll = &masq
			}
		case cni.Tuning:
			inferSysctls(&spec, entry)
		}
		public = public || meansTrue(member(entry, terway.SymmetricKey))
	}
	if public && spec.HostPorts != nil { // without portmap, nobody can have meant host ports
		spec.HostPorts.Exposure = render.Public
	}
	if len(spec.Sysctls) == 0 {
		spec.Sysctls = nil
	}
	return spec
}

// written are the entries of the chain: of the key that Terway reads, else of one that was meant to be it.
func written(data map[string]string, facts terway.Facts) []*conflist.Node {
	_, hasList := data[terway.ConflistName]
	if text, ok := data[terway.CNIChainKey]; ok && (!hasList || facts.Has(terway.CNIChain)) {
		if converted, err := yaml.YAMLToJSON([]byte(text)); err == nil {
			text = string(converted) // it may be YAML
		}
		return append(entriesOf("["+data[terway.ConfKey]+"]"), entriesOf(text)...)
	}
	if hasList {
		return entriesOf(data[terway.ConflistName])
	}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		if !slices.Contains(terway.Keys, key) && nearest.To(key, terway.Keys) == terway.ConflistName {
			return entriesOf(data[key])
		}
	}
	if conf, err := conflist.Parse(data[terway.ConfKey]); err == nil && member(conf, "plugins") != nil {
		return entriesOf(data[terway.ConfKey])
	}
	return nil
}

// entriesOf a list, or of an object that was meant to be one.
func entriesOf(text string) []*conflist.Node {
	root, err := conflist.Parse(text)
	if err != nil {
		return nil
	}
	if plugins := member(root, "plugins"); plugins != nil {
		root = plugins
	}
	entries := root.Elements
	for _, m := range root.Members {
		entries = append(entries, m.Value)
	}
	return slices.DeleteFunc(slices.Clone(entries), func(n *conflist.Node) bool { return n.Kind != conflist.Object })
}

// member is the value under a key in whatever spelling, else under the one nearest to it; of several, the last.
func member(n *conflist.Node, key string) *conflist.Node {
	for _, m := range slices.Backward(n.Members) {
		if plain(m.Name()) == plain(key) {
			return m.Value
		}
	}
	if near := nearest.To(key, n.Names()); near != "" {
		return n.Get(near)
	}
	return nil
}

// plain is a word without what people write in different ways.
func plain(word string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(word))
}

// kindOf is the plugin that an entry was meant for, "" for one that nobody knows.
func kindOf(entry *conflist.Node, installed []string) string {
	kind := path.Base(strings.TrimSpace(member(entry, "type").String()))
	known := append([]string{terway.PluginType, terway.ChainerType}, cni.ReferencePlugins()...)
	known = append(known, installed...)
	switch best := nearest.To(kind, known); {
	case slices.Contains(known, kind):
		return kind
	case best != "":
		return best
	case member(entry, "sysctl") != nil:
		return cni.Tuning
	}
	if capabilities := member(entry, "capabilities"); capabilities != nil && member(capabilities, "portMappings") != nil {
		return cni.Portmap
	}
	return ""
}

// meansTrue: true, or what somebody wrote for it.
func meansTrue(n *conflist.Node) bool {
	return n != nil && (n.Kind == conflist.Bool || n.Kind == conflist.String || n.Kind == conflist.Number) && switchedOn(scalar(n))
}

// scalar is the text of a value, "" for lists, objects and null.
func scalar(n *conflist.Node) string {
	switch n.Kind {
	case conflist.String:
		return n.String()
	case conflist.Bool, conflist.Number:
		return n.Text
	}
	return ""
}

func switchedOn(value string) bool {
	return !slices.Contains([]string{"", "0", "false", "no", "off", "null"}, strings.ToLower(strings.TrimSpace(value)))
}

// inferSysctls: disable_ipv6 of an interface that every pod has means no IPv6 address at all, whatever is
// written for others; the rest is asked for as it is written.
func inferSysctls(spec *render.IntentSpec, entry *conflist.Node) {
	sysctls := member(entry, "sysctl")
	if sysctls == nil {
		return
	}
	for _, m := range sysctls.Members {
		key, value := m.Name(), scalar(m.Value)
		device, about := disablesIPv6(key)
		switch {
		case strings.TrimSpace(value) == "":
		case about && switchedOn(value) && slices.Contains([]string{"all", "default", "lo", podInterface}, device):
			spec.IPv6LinkLocal = render.Disabled
			maps.DeleteFunc(spec.Sysctls, func(key, _ string) bool { _, about := disablesIPv6(key); return about })
		case about && spec.IPv6LinkLocal == render.Disabled:
		default:
			addSysctl(spec, key, value)
		}
	}
}

// addSysctl: of two spellings of one file, the last one counts.
func addSysctl(spec *render.IntentSpec, key, value string) {
	file, _ := cni.SysctlPath(key, podInterface)
	maps.DeleteFunc(spec.Sysctls, func(other, _ string) bool {
		same, _ := cni.SysctlPath(other, podInterface)
		return same == file
	})
	if spec.Sysctls == nil {
		spec.Sysctls = map[string]string{}
	}
	spec.Sysctls[key] = value
}

// podInterface is the name that runtimes give the interface of a pod.
const podInterface = "eth0"

// disablesIPv6 is the interface of a key that is, or is near, a disable_ipv6.
func disablesIPv6(key string) (device string, ok bool) {
	file, _ := cni.SysctlPath(key, podInterface)
	if device, ok = cni.DisableIPv6(file); ok || !strings.Contains(plain(key), "ipv6") {
		return device, ok
	}
	wrong := cni.CheckSysctl(key, "")
	if wrong == nil {
		return "", false
	}
	file, _ = cni.SysctlPath(wrong.Suggestion, podInterface)
	return cni.DisableIPv6(file)
}
