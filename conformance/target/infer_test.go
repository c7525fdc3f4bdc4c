// SPDX-License-Identifier: Apache-2.0

package target_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainlint/chainlint/conformance/target"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// list of a first plugin and others.
func list(others string) map[string]string {
	return map[string]string{
		terway.ConfKey:      `{"type": "terway"}`,
		terway.ConflistName: `{"plugins": [{"type": "terway"}` + others + `]}`,
	}
}

func tuning(sysctls string) map[string]string {
	return list(`, {"type": "tuning", "sysctl": {` + sysctls + `}}`)
}

// TestInfer: what a chain was meant for, in words.
func TestInfer(t *testing.T) {
	const (
		private = "host ports, reachable privately"
		public  = "host ports, reachable publicly"
		masq    = "masqAll: clients appear as the node"
		noIPv6  = "no IPv6 address on any interface of a pod"
	)
	cniChain := terway.Facts{}
	cniChain.Terway.Features = []string{"cni_chain"}
	for name, c := range map[string]struct {
		data  map[string]string
		facts terway.Facts
		want  []string
	}{
		"nothing":            {list(""), terway.Facts{}, nil},
		"no chain":           {map[string]string{terway.ConfKey: `{"type": "terway", "symmetric_routing": true}`}, terway.Facts{}, nil},
		"no JSON":            {list(`, {"type": "portmap"},`), terway.Facts{}, nil},
		"portmap":            {list(`, {"type": "portmap", "snat": false}`), terway.Facts{}, []string{private}},
		"portmap first":      {map[string]string{terway.ConflistName: `{"plugins": [{"type": "portmap"}]}`}, terway.Facts{}, []string{private}},
		"portmap misspelt":   {list(`, {"type": "PortMaps"}`), terway.Facts{}, []string{private}},
		"portmap as a path":  {list(`, {"type": "/opt/cni/bin/portmap"}`), terway.Facts{}, []string{private}},
		"portmap untyped":    {list(`, {"typ": "portmap", "capabilities": {"portMappings": true}}`), terway.Facts{}, []string{private}},
		"masqAll":            {list(`, {"type": "portmap", "MasqAll": "true"}`), terway.Facts{}, []string{private, masq}},
		"masqAll false":      {list(`, {"type": "portmap", "masqAll": false}`), terway.Facts{}, []string{private}},
		"backend":            {list(`, {"type": "portmap", "backend": "nftables", "externalSetMarkChain": "X"}`), terway.Facts{}, []string{private}},
		"public":             {list(`, {"type": "portmap"}, {"type": "terway", "symmetric_routing": true}`), terway.Facts{}, []string{public}},
		"public as text":     {list(`, {"type": "portmap"}, {"type": "terway", "Symmetric_Routing": "True"}`), terway.Facts{}, []string{public}},
		"public misspelt":    {list(`, {"type": "portmap"}, {"type": "terway", "symetric_routing": true, "symmetric_routing_config": {"mark": 32}}`), terway.Facts{}, []string{public}},
		"public misplaced":   {list(`, {"type": "portmap", "symmetric_routing": true}`), terway.Facts{}, []string{public}},
		"public off":         {list(`, {"type": "portmap", "symmetric_routing": "false"}`), terway.Facts{}, []string{private}},
		"public, no portmap": {list(`, {"type": "x", "symmetric_routing": true}`), terway.Facts{}, nil},
		"all":                {tuning(`"net.ipv6.conf.all.disable_ipv6": "1"`), terway.Facts{}, []string{noIPv6}},
		"IFNAME":             {tuning(`"net/ipv6/conf/IFNAME/disable_ipv6": "1"`), terway.Facts{}, []string{noIPv6}},
		"eth0, as a number":  {tuning(`"net.ipv6.conf.eth0.disable_ipv6": 1`), terway.Facts{}, []string{noIPv6}},
		"in part":            {tuning(`"net.ipv6.conf.lo.disable_ipv6": "0", "net.ipv6.conf.default.disable_ipv6": "1", "net.ipv6.conf.all.disable_ipv6": "0"`), terway.Facts{}, []string{noIPv6}},
		"misspelt":           {tuning(`"net.ipv6.conf.all.disable_ip6": "1"`), terway.Facts{}, []string{noIPv6}},
		"nearly":             {tuning(`"net.ipv6.conf.all.disable-ipv6": "1"`), terway.Facts{}, []string{noIPv6}},
		"another interface":  {tuning(`"net.ipv6.conf.net1.disable_ipv6": "1"`), terway.Facts{}, []string{"sysctl net.ipv6.conf.net1.disable_ipv6 = 1"}},
		"not off":            {tuning(`"net.ipv6.conf.all.disable_ipv6": "0"`), terway.Facts{}, []string{"sysctl net.ipv6.conf.all.disable_ipv6 = 0"}},
		"sysctls":            {tuning(`"net/core/somaxconn": 1024, "net.ipv4.tcp_rmem": "4096 87380 6291456", "net.ipv4.x": null`), terway.Facts{}, []string{"sysctl net.ipv4.tcp_rmem = 4096 87380 6291456", "sysctl net/core/somaxconn = 1024"}},
		"sysctls misspelt":   {list(`, {"type": "tuning", "sysctls": {"net.core.somaxconn": "1"}}`), terway.Facts{}, []string{"sysctl net.core.somaxconn = 1"}},
		"one file twice":     {tuning(`"net.core.somaxconn": "1", "net/core/somaxconn": "2"`), terway.Facts{}, []string{"sysctl net/core/somaxconn = 2"}},
		"tuning untyped":     {list(`, {"sysctl": {"net.core.somaxconn": "1"}}`), terway.Facts{}, []string{"sysctl net.core.somaxconn = 1"}},
		"other plugins":      {list(`, {"type": "firewall"}, 7, "x", null`), terway.Facts{}, nil},
		"plugins an object":  {map[string]string{terway.ConflistName: `{"plugins": {"a": {"type": "portmap"}}}`}, terway.Facts{}, []string{private}},
		"a bare list":        {map[string]string{terway.ConflistName: `[{"type": "portmap"}]`}, terway.Facts{}, []string{private}},
		"list in the conf":   {map[string]string{terway.ConfKey: `{"plugins": [{"type": "portmap"}]}`}, terway.Facts{}, []string{private}},
		"key misspelt":       {map[string]string{"10-terway.conflists": `{"plugins": [{"type": "portmap"}]}`}, terway.Facts{}, []string{private}},
		"cni_chain alone":    {map[string]string{terway.CNIChainKey: "- type: portmap\n"}, terway.Facts{}, []string{private}},
		"cni_chain is read": {
			map[string]string{terway.CNIChainKey: `[{"type": "portmap"}]`, terway.ConflistName: `{"plugins": [{"type": "tuning", "sysctl": {"net.core.somaxconn": "1"}}]}`},
			cniChain,
			[]string{private},
		},
		"cni_chain is not read": {
			map[string]string{terway.CNIChainKey: `[{"type": "portmap"}]`, terway.ConflistName: `{"plugins": []}`},
			terway.Facts{},
			nil,
		},
	} {
		if diff := cmp.Diff(c.want, target.Words(target.Infer(c.data, c.facts))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestInferExamples: of a good chain, the intents are read back, as far as a chain can tell.
func TestInferExamples(t *testing.T) {
	all, err := target.Load(target.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range all {
		got := target.Infer(want.Data, want.Facts)
		if hp := got.HostPorts; hp != nil && want.Intent.HostPorts != nil {
			hp.MasqAll = want.Intent.HostPorts.MasqAll // where the facts ask for it
		}
		if diff := cmp.Diff(target.Words(want.Intent), target.Words(got)); diff != "" {
			t.Errorf("%s: %s", want.Name, diff)
		}
	}
}

// TestWords: everything that an intent can say.
func TestWords(t *testing.T) {
	no := false
	got := target.Words(render.IntentSpec{
		HostPorts: &render.HostPorts{
			Exposure: render.Public, Backend: "nftables", MarkChain: "KUBE-MARK-MASQ", MasqAll: &no,
			SymmetricRouting: &render.SymmetricRouting{Interface: "eth1", Mark: 32, Mask: 48, TableID: 200, RulePriority: 700, Backend: "nftables"},
		},
		IPv6LinkLocal: render.Kernel,
		Sysctls:       map[string]string{"net.core.somaxconn": "1024"},
		Plugins:       rawPlugins(`{"type": "firewall"}`, `{}`),
	})
	want := []string{
		"host ports, reachable publicly", "no masqAll: clients keep their address", "portmap with its backend nftables",
		"packets to masquerade go through the chain KUBE-MARK-MASQ",
		"symmetric routing with interface eth1, mark 32, mask 48, table 200, rule priority 700, backend nftables",
		"IPv6 link-local addresses as the kernel gives them", "sysctl net.core.somaxconn = 1024", "plugin firewall", "plugin without a type",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzInfer: no text panics, and what is inferred of one contradicts itself nowhere.
func FuzzInfer(f *testing.F) {
	f.Add(`{"plugins": [{"type": "terway", "symmetric_routing": true}, {"type": "portmap", "masqAll": true}]}`, "")
	f.Add(`{"plugins": [{"type": "tuning", "sysctl": {"net.ipv6.conf.all.disable_ipv6": "1", "net.ipv6.conf.lo.disable_ipv6": "0"}}]}`, "- type: portmap")
	f.Add(`{"plugins": [{"type": "tuning", "sysctl": {"net.ipv6.conf.net1.disable_ipv6": "0", "net.ipv6.conf.all.disable_ipv6": "1"}}]}`, "")
	f.Add(`{"plugins": [{"type": "tuning", "sysctl": {"net.ipv6.conf.all.disable_ipv6": "2", "net.ipv6.conf.net1.disable_ipv6": "2"}}]}`, "")
	f.Fuzz(func(t *testing.T, conflist, chain string) {
		data := map[string]string{terway.ConfKey: `{"type": "terway"}`, terway.ConflistName: conflist}
		if chain != "" {
			data[terway.CNIChainKey] = chain
		}
		facts := terway.Facts{}
		facts.Terway.Features = []string{"cni_chain"}
		spec := target.Infer(data, facts)
		merged, ps := render.Merge([]render.Intent{{Name: "inferred", Spec: spec, Root: "/spec"}})
		if diff := cmp.Diff(spec, merged); ps != nil || diff != "" {
			t.Errorf("%v %s", ps, diff)
		}
	})
}

func rawPlugins(texts ...string) []json.RawMessage {
	var all []json.RawMessage
	for _, text := range texts {
		all = append(all, json.RawMessage(text))
	}
	return all
}
