// SPDX-License-Identifier: Apache-2.0

package terway

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Node is what Terway finds on a node when it writes the list. Only fresh nodes are modelled: a node
// that ran another configuration before keeps parts of it until it is rebooted.
type Node struct {
	// Features of the Terway build, see [FeaturesOf].
	Features Features
	// ExclusiveENI: the node is labelled k8s.aliyun.com/exclusive-mode-eni-type=eniOnly.
	ExclusiveENI bool
	// Kernel release such as "5.10"; empty means 5.10 or later.
	Kernel string
	// NoEDT: bpftool does not report bpf_skb_ecn_set_ce.
	NoEDT bool
	// PartialData: the data holds only some keys of the live object, so an absent eni_conf is no refusal.
	PartialData bool
}

// Result is the list that lands on the node.
type Result struct {
	// Conflist is the text of /etc/cni/net.d/10-terway.conflist, byte for byte as Terway writes it.
	Conflist string
	// Source is the key that was read: 10-terway.conflist, 10-terway.conf or cni_chain.
	Source string
	// From has one entry for each plugin: its index in the declared list, or -1 where Terway put it in.
	From []int
	// Datapath is what the last entry of type terway resolved to, "" where none did.
	Datapath string
	// Symmetric is the symmetric routing that the node gets, nil where it is off.
	Symmetric *SymmetricConfig
	// Unordered: plugins was an object, which Terway reads in random order; here it is sorted by key.
	Unordered bool
}

// Refusal is Terway's refusal to write a list: its init container fails.
type Refusal struct {
	// Key of the ConfigMap that is at fault, "" where it is the node.
	Key string
	// Pointer is the JSON pointer into that key, "" for the whole.
	Pointer string
	// Reason says what Terway stumbles over.
	Reason string
}

func (r *Refusal) Error() string {
	if r.Key == "" {
		return r.Reason
	}
	return r.Key + r.Pointer + ": " + r.Reason
}

// Effective is what `terway-cli cni` and `terway-cli nodeconfig` together leave on a node for the data
// of the ConfigMap. The error is always a [*Refusal].
func Effective(data map[string]string, node Node) (*Result, error) {
	if !node.Features[ConflistKey] {
		return effectiveBeforeChains(data)
	}
	plugins, result, err := declared(data, node)
	if err != nil {
		return nil, err
	}
	if err := checkKernel(node); err != nil {
		return nil, err
	}
	m := merge{node: node, policy: policyEnabled(data, node.Features), result: result, edt: !node.NoEDT, provider: "iptables"}
	for i, p := range plugins {
		if err := m.add(i, p); err != nil {
			return nil, err
		}
	}
	m.appendChainer()
	if err := m.configureNode(data); err != nil {
		return nil, err
	}
	result.Conflist = encode(m.plugins)
	return result, nil
}

// effectiveBeforeChains: until v1.5.5 the key 10-terway.conflist is not read; 10-terway.conf is copied
// as it is (init.sh at v1.5.5).
func effectiveBeforeChains(data map[string]string) (*Result, error) {
	conf, ok := data[ConfKey]
	if !ok {
		return nil, &Refusal{Key: ConfKey, Reason: "the key is absent, and this Terway copies it to the node"}
	}
	return &Result{Conflist: conf, Source: ConfKey, From: []int{0}}, nil
}

// declared reads the plugins that the ConfigMap declares: cni_chain, else 10-terway.conflist, else
// 10-terway.conf (processInput; buildInputConfigs at commit 1a4532b7).
func declared(data map[string]string, node Node) ([]any, *Result, error) {
	if err := checkKeys(data, node); err != nil {
		return nil, nil, err
	}
	conf, hasConf := data[ConfKey]
	list, hasList := data[ConflistName]
	if chain, ok := data[CNIChainKey]; ok && node.Features[CNIChain] {
		return declaredChain(conf, chain)
	}
	result := &Result{Source: ConflistName}
	text := list
	if !hasList {
		result.Source, text = ConfKey, conf
	}
	if !hasList && !hasConf {
		return nil, result, nil
	}
	doc, err := decode(result.Source, text)
	if err != nil {
		return nil, nil, err
	}
	root, isObject := doc.(map[string]any)
	plugins, hasPlugins := root["plugins"]
	if !isObject || !hasPlugins {
		return []any{doc}, result, nil
	}
	return children(plugins, result), result, nil
}

// checkKeys: from v1.11.5 on 10-terway.conf and eni_conf must exist (common.go, getAllConfig).
func checkKeys(data map[string]string, node Node) error {
	if !node.Features[WholeConfigMap] {
		return nil
	}
	if _, ok := data[ConfKey]; !ok {
		return &Refusal{Key: ConfKey, Reason: "the key is absent, and terway-cli needs it even beside a list"}
	}
	if _, ok := data[ENIConfKey]; !ok && !node.PartialData {
		return &Refusal{Key: ENIConfKey, Reason: "the key is absent, and terway-cli needs it"}
	}
	return nil
}

// children of plugins as gabs returns them: an object's values come in random order, anything that is
// neither array nor object has none.
func children(plugins any, result *Result) []any {
	switch p := plugins.(type) {
	case []any:
		return p
	case map[string]any:
		result.Unordered = len(p) > 1
		var values []any
		for _, key := range slices.Sorted(maps.Keys(p)) {
			values = append(values, p[key])
		}
		return values
	}
	return nil
}

// Limits of cni_chain (parseCNIChain at commit 1a4532b7).
const (
	maxChainBytes   = 64 * 1024
	maxChainPlugins = 16
)

func declaredChain(conf, chain string) ([]any, *Result, error) {
	refuse := func(pointer, format string, args ...any) ([]any, *Result, error) {
		return nil, nil, &Refusal{Key: CNIChainKey, Pointer: pointer, Reason: fmt.Sprintf(format, args...)}
	}
	first, err := decode(ConfKey, conf)
	if err != nil {
		return nil, nil, err
	}
	if len(chain) > maxChainBytes {
		return refuse("", "is larger than 64 KiB")
	}
	var entries []any
	text, err := yaml.YAMLToJSON([]byte(chain))
	if err != nil || !strings.HasPrefix(string(text), "[") || json.Unmarshal(text, &entries) != nil {
		return refuse("", "must be a list of CNI plugin objects")
	}
	if len(entries) > maxChainPlugins {
		return refuse("", "contains %d plugins, maximum is %d", len(entries), maxChainPlugins)
	}
	for i, e := range entries {
		pointer := fmt.Sprintf("/%d", i)
		entry, ok := e.(map[string]any)
		if !ok {
			return refuse(pointer, "must be an object")
		}
		switch kind, _ := entry["type"].(string); kind {
		case "":
			return refuse(pointer, "has no non-empty type")
		case PluginType:
			return refuse(pointer, "must not use type %q", PluginType)
		}
		for _, field := range []string{"name", "cniVersion", "plugins"} {
			if _, ok := entry[field]; ok {
				return refuse(pointer+"/"+field, "must not set %q", field)
			}
		}
	}
	return append([]any{first}, entries...), &Result{Source: CNIChainKey}, nil
}

func checkKernel(node Node) error {
	if node.Features[Kernel510] && kernelOlder(node.Kernel, 5, 10) {
		return &Refusal{Reason: fmt.Sprintf("kernel %s is older than 5.10, which this Terway requires", node.Kernel)}
	}
	return nil
}

// kernelOlder compares as far as major and minor; an unknown kernel is new enough.
func kernelOlder(release string, major, minor int) bool {
	var have, haveMinor int
	if n, _ := fmt.Sscanf(release, "%d.%d", &have, &haveMinor); n == 0 {
		return false
	}
	return have < major || have == major && haveMinor < minor
}

// policyEnabled: any text but "false", "0" and "" switches policy off (common.go, getAllConfig).
// Before v1.11.5 the key had no part in the merge.
func policyEnabled(data map[string]string, has Features) bool {
	value, ok := data[PolicyKey]
	return !ok || !has[WholeConfigMap] || slices.Contains([]string{"false", "0", ""}, value)
}

func decode(key, text string) (any, error) {
	var doc any
	err := json.Unmarshal([]byte(text), &doc)
	if err == nil {
		return doc, nil
	}
	reason := "is no JSON document"
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		reason = fmt.Sprintf("is no JSON: %s (byte %d)", syntax.Error(), syntax.Offset)
	}
	switch {
	case strings.TrimSpace(text) == "" && key == ConfKey:
		reason = "is empty where Terway's own entry belongs"
	case strings.TrimSpace(text) == "":
		reason = "is empty, and an empty key counts: remove the key"
	}
	return nil, &Refusal{Key: key, Reason: reason}
}

// encode writes the list as gabs does: keys sorted, two spaces, <, > and & escaped, numbers through
// float64. Without plugins the member is missing.
func encode(plugins []any) string {
	list := map[string]any{"cniVersion": ListVersion, "name": ListName}
	if len(plugins) > 0 {
		list["plugins"] = plugins
	}
	// What was decoded from JSON can be encoded again.
	text, _ := json.MarshalIndent(list, "", "  ")
	return string(text)
}
