// SPDX-License-Identifier: Apache-2.0

package terway

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// The datapaths that eniip_virtual_type names.
const (
	DatapathVeth   = "veth"
	DatapathV2     = "datapathv2"
	DatapathIPvlan = "ipvlan"
)

// merge is the state that mergeConfigList carries from one plugin to the next. Its quirks are kept:
// the datapath of one terway entry serves the next one that names an unknown datapath, and once an
// entry was veth no later one gets edt.
type merge struct {
	node     Node
	policy   bool
	result   *Result
	plugins  []any
	provider string
	datapath string
	edt      bool
	// needChainer and haveChainer: must cilium-cni be in the list, and is it there.
	needChainer, haveChainer bool
}

// add merges one declared plugin.
func (m *merge) add(index int, raw any) error {
	plugin, _ := raw.(map[string]any)
	kind, ok := plugin["type"].(string)
	if !ok {
		return m.refuse(index, "", "type not found: every plugin needs a \"type\" that is a string")
	}
	delete(plugin, "cniVersion")
	delete(plugin, "name")
	var err error
	switch kind {
	case ChainerType:
		if !m.keepChainer(plugin) {
			return nil
		}
	case PluginType:
		err = m.terway(index, plugin)
		m.result.Datapath = cmp.Or(m.datapath, DatapathVeth)
	}
	m.plugins = append(m.plugins, plugin)
	m.result.From = append(m.result.From, index)
	return err
}

// keepChainer handles a cilium-cni that the list names. Before v1.8.0 it stayed only behind an ipvlan
// entry; kernels before 4.19 never keep it.
func (m *merge) keepChainer(plugin map[string]any) bool {
	if !m.ebpf() {
		return false
	}
	if !m.node.Features[DatapathV2Mode] {
		m.haveChainer = m.needChainer
		return m.needChainer
	}
	m.needChainer, m.haveChainer = true, true
	plugin["datapath"] = m.datapath
	return true
}

func (m *merge) ebpf() bool { return !kernelOlder(m.node.Kernel, 4, 19) }

// terway handles an entry of Terway's own type.
func (m *merge) terway(index int, plugin map[string]any) error {
	if value, ok := plugin["network_policy_provider"]; ok && m.node.Features[PolicyProvider] {
		provider, isString := value.(string)
		if !isString {
			return m.refuse(index, "/network_policy_provider", "network_policy_provider type error: it must be a string, \"iptables\" or \"ebpf\"")
		}
		m.provider = provider
	}
	value, written := plugin["eniip_virtual_type"]
	name, isString := value.(string)
	if written && !isString && !m.node.Features[ResolvedDatapath] {
		return m.refuse(index, "/eniip_virtual_type", "eniip_virtual_type must be a string")
	}
	if !m.ebpf() {
		m.withoutEBPF(plugin, strings.ToLower(name))
		return nil
	}
	switch {
	case m.node.Features[ResolvedDatapath]:
		return m.resolve(index, plugin, strings.ToLower(name))
	case m.node.Features[DatapathV2Mode]:
		m.resolveBefore1132(plugin, strings.ToLower(name))
	default:
		m.resolveBefore18(plugin, strings.ToLower(name))
	}
	return nil
}

// withoutEBPF: kernels before 4.19 know no datapath. v1.5.6 to v1.7 took away just an ipvlan.
func (m *merge) withoutEBPF(plugin map[string]any, name string) {
	if m.node.Features[DatapathV2Mode] || name == DatapathIPvlan {
		delete(plugin, "eniip_virtual_type")
	}
}

// resolve is the way of v1.13.2 and later: the datapath is always decided and written back. A fresh
// node has no cilium_net, so an ipvlan entry becomes datapathv2 (switchDataPathV2) and policy by ebpf
// decides by disable_network_policy alone (allowEBPFNetworkPolicy).
func (m *merge) resolve(index int, plugin map[string]any, name string) error {
	switch name {
	case DatapathVeth, "":
		m.datapath = DatapathVeth
		if m.provider == "ebpf" && m.policy {
			m.datapath = DatapathV2
		}
	case DatapathIPvlan, DatapathV2:
		m.datapath = DatapathV2
	}
	if m.datapath == "" {
		return m.refuse(index, "/eniip_virtual_type", fmt.Sprintf("invalid datapath: eniip_virtual_type %q is none of veth, datapathv2, ipvlan", name))
	}
	m.needChainer = m.datapath != DatapathVeth
	m.edt = m.edt && m.datapath != DatapathVeth
	m.write(plugin, m.datapath)
	return nil
}

// resolveBefore1132 is the way of v1.8.0 to v1.13.1: veth is left as it was written, ipvlan stays
// ipvlan (the gate AutoDataPathV2 was off), an unknown datapath passes.
func (m *merge) resolveBefore1132(plugin map[string]any, name string) {
	switch name {
	case DatapathVeth, "":
		m.vethBefore1132()
	case DatapathIPvlan:
		m.datapath, m.needChainer = DatapathIPvlan, true
		written := DatapathIPvlan
		if m.node.Features[capitalIPvlan] {
			written = "IPVlan"
		}
		m.write(plugin, written)
	case DatapathV2:
		m.datapath, m.needChainer = DatapathV2, true
		m.write(plugin, DatapathV2)
	}
}

// vethBefore1132: the provider ebpf chains cilium-cni on veth (from v1.8.7), from v1.11.5 only while
// policy is on; before v1.11.5 veth was no datapath of its own without it.
func (m *merge) vethBefore1132() {
	chained := m.provider == "ebpf" && m.policy
	m.needChainer = m.needChainer || chained
	if chained || m.node.Features[WholeConfigMap] {
		m.datapath = DatapathVeth
	}
}

// resolveBefore18 is the way of v1.5.6 to v1.7: only ipvlan means anything.
func (m *merge) resolveBefore18(plugin map[string]any, name string) {
	if name != DatapathIPvlan {
		return
	}
	m.datapath, m.needChainer = DatapathIPvlan, true
	m.write(plugin, plugin["eniip_virtual_type"].(string))
}

// write puts the decision into the entry, over whatever the user wrote.
func (m *merge) write(plugin map[string]any, datapath string) {
	plugin["eniip_virtual_type"] = datapath
	plugin["bandwidth_mode"] = "tc"
	if m.edt {
		plugin["bandwidth_mode"] = "edt"
	}
}

// appendChainer adds cilium-cni at the very end where the datapath needs it and the list has none.
func (m *merge) appendChainer() {
	if !m.needChainer || m.haveChainer || !m.ebpf() {
		return
	}
	chainer := map[string]any{"type": ChainerType}
	if m.node.Features[appendedChainerKeys] {
		chainer["enable-debug"] = false
		chainer["log-file"] = "/var/run/cilium/cilium-cni.log"
		chainer["data-path"] = m.datapath
	}
	m.plugins = append(m.plugins, chainer)
	m.result.From = append(m.result.From, -1)
}

// exclusiveEntry is the constant that replaces the list on exclusive-ENI nodes (node.go, eniOnlyCNI).
const exclusiveEntry = `{"type":"terway","capabilities":{"bandwidth":true},"host_stack_cidrs":["169.254.20.10/32"]}`

// configureNode is what `terway-cli nodeconfig` does to the list and refuses of it.
func (m *merge) configureNode(data map[string]string) error {
	if !m.node.Features[ExclusiveOverride] {
		return nil
	}
	if text, ok := data[ENIConfKey]; ok {
		if _, err := ParseENIConf(text); err != nil {
			return &Refusal{Key: ENIConfKey, Reason: err.Error()}
		}
	}
	if m.node.ExclusiveENI {
		if err := m.replaceExclusive(); err != nil {
			return err
		}
	}
	if m.node.Features[SymmetricRouting] {
		return m.symmetric()
	}
	return nil
}

func (m *merge) replaceExclusive() error {
	var entry map[string]any
	if err := json.Unmarshal([]byte(exclusiveEntry), &entry); err != nil {
		return &Refusal{Reason: err.Error()}
	}
	if !m.node.Features[CNIChain] {
		m.plugins, m.result.From, m.result.Datapath = []any{entry}, []int{-1}, ""
		return nil
	}
	if len(m.plugins) == 0 {
		return &Refusal{Key: m.result.Source, Reason: "cni config has no plugins, and an exclusive-ENI node replaces the first one"}
	}
	m.plugins[0], m.result.From[0] = entry, -1
	return nil
}

// symmetric refuses what setSymmetricRouting cannot decode in the first entry of type terway, and a
// backend that it does not know.
func (m *merge) symmetric() error {
	for i, p := range m.plugins {
		plugin := p.(map[string]any)
		if plugin["type"] != PluginType {
			continue
		}
		on := plugin[SymmetricKey] == true
		value, ok := plugin[SymmetricConfigKey]
		if !ok {
			value = map[string]any{}
		}
		return m.symmetricConfig(m.result.From[i], value, on)
	}
	return nil
}

func (m *merge) symmetricConfig(index int, value any, on bool) error {
	var config SymmetricConfig
	if members, ok := value.(map[string]any); ok && !m.node.Features[SymmetricBackend] {
		value = withoutBackend(members) // an unknown member may have any type
	}
	text, _ := json.Marshal(value)
	if err := json.Unmarshal(text, &config); err != nil {
		return m.refuse(index, "/"+SymmetricConfigKey, "failed to parse symmetric_routing_config: "+withoutValue(err).Error())
	}
	known := config.Backend == "" || config.Backend == "iptables" || config.Backend == "nftables"
	if on && !known && m.node.Features[SymmetricBackend] {
		return m.refuse(index, "/"+SymmetricConfigKey+"/backend", fmt.Sprintf("unsupported backend %q, must be iptables or nftables", config.Backend))
	}
	if on {
		config = config.WithDefaults()
		m.result.Symmetric = &config
	}
	return nil
}

// withoutBackend drops the member that releases before v1.17.1 do not decode, in any case of letters.
func withoutBackend(members map[string]any) map[string]any {
	kept := maps.Clone(members)
	maps.DeleteFunc(kept, func(key string, _ any) bool { return strings.EqualFold(key, "backend") })
	return kept
}

// refuse points at a plugin of the declared list.
func (m *merge) refuse(index int, pointer, reason string) error {
	key, at := m.result.Source, fmt.Sprintf("/plugins/%d", index)
	switch {
	case key == ConfKey:
		at = ""
	case key == CNIChainKey && index == 0:
		key, at = ConfKey, ""
	case key == CNIChainKey:
		at = fmt.Sprintf("/%d", index-1)
	}
	return &Refusal{Key: key, Pointer: at + pointer, Reason: reason}
}
