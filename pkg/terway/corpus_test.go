// SPDX-License-Identifier: Apache-2.0

package terway_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/chainlint/chainlint/pkg/terway"
)

// input is one ConfigMap on one kind of node.
type input struct {
	Name      string            `json:"name"`
	Data      map[string]string `json:"data"`
	Exclusive bool              `json:"exclusive,omitempty"`
}

const (
	plainConf = `{"cniVersion":"0.4.0","name":"terway","type":"terway","capabilities":{"bandwidth":true}}`
	plainENI  = `{"version":"1","access_key":"dummy","security_group":"sg-1","vswitches":{"cn-a":["vsw-1"]},"max_pool_size":5,"ip_stack":"ipv4"}`
)

// corpus is every input on which Effective is compared with terway-cli: each quirk of the merge on its
// own, and the combinations of what decides the datapath.
func corpus() []input {
	var all []input
	all = append(all, shapes()...)
	all = append(all, firstPlugins()...)
	all = append(all, datapaths()...)
	all = append(all, symmetric()...)
	all = append(all, otherKeys()...)
	return all
}

func with(name string, changes map[string]string) input {
	data := map[string]string{terway.ConfKey: plainConf, terway.ENIConfKey: plainENI}
	for key, value := range changes {
		data[key] = value
		if value == "(absent)" {
			delete(data, key)
		}
	}
	return input{Name: name, Data: data}
}

func list(name, text string) input {
	return with(name, map[string]string{terway.ConflistName: text})
}

// shapes are the forms of the document (reference table: accepted, rejected, ignored).
func shapes() []input {
	texts := []string{
		"", "  ", "{", "null", "true", "7", `"terway"`, "[]", `[{"type":"terway"}]`, "{}", "\ufeff{}", "{} {}", "{} x",
		`{"plugins":[]}`, `{"plugins":null}`, `{"plugins":"x"}`, `{"plugins":7}`, `{"plugins":{}}`, `{"plugins":true}`,
		`{"plugins":{"a":{"type":"terway"}}}`, `{"Plugins":[{"type":"terway"}]}`, `{"plugins":[{"Type":"terway"}]}`,
		`{"plugins":[{"type":"terway"},]}`, `{"plugins":[{"type":"terway"}] // c` + "\n}", `{"type":"terway"}`, `{"type":"portmap"}`,
		`{"plugins":[{}]}`, `{"plugins":[null]}`, `{"plugins":[[]]}`, `{"plugins":[[{"type":"terway"}]]}`, `{"plugins":["terway"]}`,
		`{"plugins":[{"type":""}]}`, `{"plugins":[{"type":null}]}`, `{"plugins":[{"type":1}]}`, `{"plugins":[{"type":["terway"]}]}`,
		`{"plugins":[{"type":"terway"},{"name":"x"}]}`, `{"plugins":[{"type":"terway"}],"plugins":[{"type":"portmap"}]}`,
		`{"name":"mynet","cniVersion":"1.0.0","disableCheck":true,"plugins":[{"type":"terway"}]}`,
		`{"plugins":[{"type":"terway","name":7,"cniVersion":null},{"type":"portmap","name":"p","cniVersion":"1.1.0"}]}`,
		`{"plugins":[{"type":"terway"},{"type":"terway"}]}`, `{"plugins":[{"type":"portmap"},{"type":"terway"}]}`,
		`{"plugins":[{"type":"portmap"}]}`, `{"plugins":[{"type":"Terway"}]}`, `{"plugins":[{"type":"terway "}]}`, `{"plugins":[{"type":"no-such"}]}`,
		`{"plugins":[{"type":"terway","type":"portmap"}]}`, `{"plugins":[{"type":"portmap","type":"terway"}]}`,
		`{"plugins":[{"type":"terway"},{"type":"portmap","n":9007199254740993,"f":1.50e3,"g":1e400}]}`,
		`{"plugins":[{"type":"terway"},{"type":"portmap","n":9007199254740993,"f":1.50e3,"g":1e-9,"h":123456789012345678901234567890,"i":-0}]}`,
		`{"plugins":[{"type":"terway"},{"type":"portmap","s":"<&>\u2028\u00e9\ud83d\ude00\ud800","t":"\/"}]}`,
		`{"plugins":[{"type":"terway"},{"type":"portmap","capabilities":{"portMappings":"true"},"ipam":7,"dns":[]}]}`,
		`{"plugins":[{"type":"terway"},{"type":"tuning","sysctl":{"b":"1","a":"2"}},{"type":"bandwidth"},{"type":"firewall"}]}`,
		`{"plugins":[{"type":"terway"},{"type":"x","deep":{"a":[[[{"b":{}}]]]}}]}`, `{"plugins":[{"type":"terway"}],"cniVersion":7,"name":null}`,
	}
	var all []input
	for i, text := range texts {
		all = append(all, list(fmt.Sprintf("shape-%02d", i), text))
		all = append(all, with(fmt.Sprintf("shape-conf-%02d", i), map[string]string{terway.ConfKey: text}))
	}
	return all
}

// firstPlugins are the members of Terway's own entry whose type or value counts.
func firstPlugins() []input {
	// Symmetric routing that is on needs an eth0 with a gateway, which a test's namespace has not.
	memberTrue := func(key string) string {
		if key == terway.SymmetricKey {
			return `"true"`
		}
		return `true`
	}
	var all []input
	for _, key := range []string{"eniip_virtual_type", "network_policy_provider", "bandwidth_mode", "capabilities", "mtu", "symmetric_routing", "auto_mtu", "datapath"} {
		for i, value := range []string{`null`, memberTrue(key), `1`, `1.5`, `"x"`, `""`, `[]`, `{}`} {
			entry := fmt.Sprintf(`{"plugins":[{"type":"terway",%q:%s},{"type":"portmap"}]}`, key, value)
			all = append(all, list(fmt.Sprintf("member-%s-%d", key, i), entry))
		}
	}
	for i, name := range []string{"veth", "Veth", "VETH", "ipvlan", "IPVlan", "IPVLAN", "datapathv2", "DatapathV2", "policyRoute", " veth", "none"} {
		all = append(all, list(fmt.Sprintf("virtual-type-%d", i), fmt.Sprintf(`{"plugins":[{"type":"terway","eniip_virtual_type":%q},{"type":"portmap"}]}`, name)))
	}
	return all
}

// datapaths combine entries, policy provider and a cilium-cni that the list names itself.
func datapaths() []input {
	entries := map[string]string{
		"bare": `{"type":"terway"}`, "veth": `{"type":"terway","eniip_virtual_type":"veth","bandwidth_mode":"edt"}`,
		"v2": `{"type":"terway","eniip_virtual_type":"datapathv2"}`, "ipvlan": `{"type":"terway","eniip_virtual_type":"IPVlan"}`,
		"ebpf": `{"type":"terway","network_policy_provider":"ebpf"}`, "iptables": `{"type":"terway","network_policy_provider":"iptables"}`,
		"odd": `{"type":"terway","eniip_virtual_type":"odd"}`, "cilium": `{"type":"cilium-cni","datapath":"mine"}`, "portmap": `{"type":"portmap"}`,
	}
	orders := [][]string{
		{"cilium"},
		{"bare", "cilium"},
		{"veth", "cilium"},
		{"v2", "cilium"},
		{"ipvlan", "cilium"},
		{"ebpf", "cilium"},
		{"iptables", "cilium"},
		{"cilium", "v2"},
		{"cilium", "veth"},
		{"v2", "cilium", "portmap"},
		{"v2", "portmap", "cilium"},
		{"v2", "cilium", "cilium"},
		{"cilium", "bare", "cilium"},
		{"bare", "v2"},
		{"v2", "bare"},
		{"v2", "odd"},
		{"odd", "v2"},
		{"bare", "odd"},
		{"ebpf", "bare"},
		{"bare", "ebpf"},
		{"ipvlan", "veth", "portmap"},
		{"ebpf", "iptables"},
		{"v2", "portmap"},
		{"ebpf", "portmap"},
		{"ipvlan", "portmap"},
		{"iptables", "portmap"},
		{"veth", "portmap"},
		{"ebpf"},
		{"v2"},
		{"ipvlan"},
	}
	var all []input
	for i, order := range orders {
		plugins := make([]json.RawMessage, len(order))
		for j, name := range order {
			plugins[j] = json.RawMessage(entries[name])
		}
		text, _ := json.Marshal(map[string]any{"plugins": plugins})
		for j, policy := range []string{"(absent)", "true", "false", "0", "", "False", "no"} {
			if j > 1 && !slices.Contains(order, "ebpf") {
				break
			}
			all = append(all, with(fmt.Sprintf("order-%02d-%d", i, j), map[string]string{terway.ConflistName: string(text), terway.PolicyKey: policy}))
		}
	}
	return all
}

// symmetric are the values that nodeconfig decodes. Routing itself stays off except for the values that
// it refuses: switching it on needs a node's network.
func symmetric() []input {
	configs := []string{
		`{}`, `null`, `[]`, `"x"`, `7`, `{"mark":"0x20"}`, `{"mark":32.5}`, `{"mark":-1,"table_id":0}`, `{"mark":1e2}`, `{"interface":7}`, `{"interface":"eth1"}`,
		`{"table_id":200,"rule_priority":700}`, `{"backend":"nft"}`, `{"backend":7}`, `{"backend":"nftables"}`, `{"comment":null}`, `{"unknown":[]}`, `{"Mark":"x"}`,
	}
	var all []input
	for i, config := range configs {
		for _, on := range []string{"false", `"true"`, "1", "null"} {
			all = append(all, list(fmt.Sprintf("symmetric-%02d-%s", i, on), fmt.Sprintf(`{"plugins":[{"type":"terway","symmetric_routing":%s,"symmetric_routing_config":%s},{"type":"portmap"}]}`, on, config)))
		}
	}
	all = append(all, list("symmetric-second", `{"plugins":[{"type":"terway"},{"type":"terway","symmetric_routing_config":"x"}]}`))
	all = append(all, list("symmetric-other", `{"plugins":[{"type":"portmap","symmetric_routing_config":"x"},{"type":"terway"}]}`))
	return all
}

// otherKeys are the other keys of the ConfigMap, and exclusive-ENI nodes.
func otherKeys() []input {
	all := []input{
		with("no-conf", map[string]string{terway.ConfKey: "(absent)"}),
		with("no-conf-with-list", map[string]string{terway.ConfKey: "(absent)", terway.ConflistName: `{"plugins":[{"type":"terway"}]}`}),
		with("no-eni-conf", map[string]string{terway.ENIConfKey: "(absent)"}),
		with("broken-conf-with-list", map[string]string{terway.ConfKey: "{", terway.ConflistName: `{"plugins":[{"type":"terway"}]}`}),
		with("list-in-conf", map[string]string{terway.ConfKey: `{"plugins":[{"type":"terway"},{"type":"portmap"}]}`}),
		with("chain-unread", map[string]string{terway.CNIChainKey: `[{"type":"portmap"}]`}),
		with("misspelt", map[string]string{"10-terway.confList": `{"plugins":[{"type":"terway"},{"type":"portmap"}]}`}),
	}
	for i, text := range []string{
		"", "{", "[]", "null", "7", `{}`, `{"ip_stack":7}`, `{"ip_stack":"dual"}`, `{"max_pool_size":"5"}`, `{"max_pool_size":5.0}`, `{"max_pool_size":1.5}`, `{"vswitches":["a"]}`,
		`{"vswitches":{"a":"b"}}`, `{"eni_tags":{"a":1}}`, `{"enable_erdma":"true"}`, `{"eni_cap_ratio":"1"}`, `{"rate_limit":{"a":"b"}}`, `{"security_groups":"sg"}`, `{"unknown":[{}]}`, `{"access_key":1}`,
		`{"ip_warm_up_size":null}`, `{"idle_ip_reclaim_after":10}`, `{"IP_Stack":"dual"}`, `{"backoff_override":{"eni_create":{"Steps":2}}}`, `{"backoff_override":[]}`, `{"extra_routes":[{"dst":"10.0.0.0/8"}]}`, `{"extra_routes":[7]}`, `{"backoff_override":{"x":7}}`, `{"backoff_override":{"x":{"Factor":"y"}}}`,
	} {
		all = append(all, with(fmt.Sprintf("eni-conf-%02d", i), map[string]string{terway.ENIConfKey: text}))
	}
	for i, text := range []string{`{"plugins":[{"type":"terway","symmetric_routing_config":"x"},{"type":"portmap"}]}`, `{"plugins":[]}`, `{`, `{"plugins":[{"type":"terway"},{"type":"portmap"}]}`} {
		in := list(fmt.Sprintf("exclusive-%d", i), text)
		in.Data = maps.Clone(in.Data)
		in.Exclusive = true
		all = append(all, in)
	}
	return all
}
