// SPDX-License-Identifier: Apache-2.0

package terway_test

import (
	"strings"
	"testing"

	"github.com/chainlint/chainlint/pkg/terway"
)

// TestVersions are the differences between releases, as real builds of them answered on fresh nodes. An
// answer is the list without blanks, or "refused".
func TestVersions(t *testing.T) {
	const head, appended = `{"cniVersion":"0.4.0","name":"terway-chainer","plugins":[`, `{"data-path":%,"enable-debug":false,"log-file":"/var/run/cilium/cilium-cni.log","type":"cilium-cni"}]}`
	chainer := func(datapath string) string { return strings.Replace(appended, "%", `"`+datapath+`"`, 1) }
	for _, c := range []struct{ name, versions, list, policy, want string }{
		{"plain", "v1.5.6 v1.8.0 v1.9.17 v1.11.5", `{"type":"terway"}`, "", head + `{"type":"terway"}]}`},
		{"plain", "v1.13.2 v1.14.0 v1.15.0 v1.17.5", `{"type":"terway"}`, "", head + `{"bandwidth_mode":"tc","eniip_virtual_type":"veth","type":"terway"}]}`},
		{"ipvlan", "v1.5.6", `{"type":"terway","eniip_virtual_type":"IPvlan"}`, "", head + `{"bandwidth_mode":"edt","eniip_virtual_type":"IPvlan","type":"terway"},{"type":"cilium-cni"}]}`},
		{"ipvlan", "v1.8.0 v1.9.17", `{"type":"terway","eniip_virtual_type":"ipvlan"}`, "", head + `{"bandwidth_mode":"edt","eniip_virtual_type":"IPVlan","type":"terway"},` + chainer("ipvlan")},
		{"ipvlan", "v1.11.5", `{"type":"terway","eniip_virtual_type":"IPVlan"}`, "", head + `{"bandwidth_mode":"edt","eniip_virtual_type":"ipvlan","type":"terway"},` + chainer("ipvlan")},
		{"ipvlan", "v1.13.2 v1.17.5", `{"type":"terway","eniip_virtual_type":"IPVlan"}`, "", head + `{"bandwidth_mode":"edt","eniip_virtual_type":"datapathv2","type":"terway"},` + chainer("datapathv2")},
		{"v2", "v1.5.6", `{"type":"terway","eniip_virtual_type":"datapathv2"}`, "", head + `{"eniip_virtual_type":"datapathv2","type":"terway"}]}`},
		{"v2", "v1.8.0 v1.9.17 v1.11.5 v1.17.5", `{"type":"terway","eniip_virtual_type":"DataPathV2"}`, "", head + `{"bandwidth_mode":"edt","eniip_virtual_type":"datapathv2","type":"terway"},` + chainer("datapathv2")},
		{"cilium listed on veth", "v1.5.6", `{"type":"terway"},{"type":"cilium-cni"}`, "", head + `{"type":"terway"}]}`},
		{"cilium listed on veth", "v1.8.0 v1.9.17", `{"type":"terway"},{"type":"cilium-cni"}`, "", head + `{"type":"terway"},{"datapath":"","type":"cilium-cni"}]}`},
		{"cilium listed on veth", "v1.11.5", `{"type":"terway"},{"type":"cilium-cni"}`, "", head + `{"type":"terway"},{"datapath":"veth","type":"cilium-cni"}]}`},
		{"ebpf", "v1.8.0", `{"type":"terway","network_policy_provider":"ebpf"}`, "", head + `{"network_policy_provider":"ebpf","type":"terway"}]}`},
		{"ebpf", "v1.9.17 v1.11.5", `{"type":"terway","network_policy_provider":"ebpf"}`, "", head + `{"network_policy_provider":"ebpf","type":"terway"},` + chainer("veth")},
		{"ebpf, policy off", "v1.9.17", `{"type":"terway","network_policy_provider":"ebpf"}`, "true", head + `{"network_policy_provider":"ebpf","type":"terway"},` + chainer("veth")},
		{"ebpf, policy off", "v1.11.5", `{"type":"terway","network_policy_provider":"ebpf"}`, "true", head + `{"network_policy_provider":"ebpf","type":"terway"}]}`},
		{"ebpf, policy off", "v1.13.2", `{"type":"terway","network_policy_provider":"ebpf"}`, "True", head + `{"bandwidth_mode":"tc","eniip_virtual_type":"veth","network_policy_provider":"ebpf","type":"terway"}]}`},
		{"provider no string", "v1.5.6 v1.8.0", `{"type":"terway","network_policy_provider":7}`, "", head + `{"network_policy_provider":7,"type":"terway"}]}`},
		{"provider no string", "v1.8.7 v1.9.17 v1.11.5 v1.17.5", `{"type":"terway","network_policy_provider":7}`, "", "refused"},
		{"virtual type no string", "v1.5.6 v1.8.0 v1.9.17 v1.11.5", `{"type":"terway","eniip_virtual_type":7}`, "", "refused"},
		{"virtual type no string", "v1.13.2 v1.17.5", `{"type":"terway","eniip_virtual_type":7}`, "", head + `{"bandwidth_mode":"tc","eniip_virtual_type":"veth","type":"terway"}]}`},
		{"virtual type unknown", "v1.8.0 v1.9.17 v1.11.5", `{"type":"terway","eniip_virtual_type":"odd"}`, "", head + `{"eniip_virtual_type":"odd","type":"terway"}]}`},
		{"virtual type unknown", "v1.13.2 v1.17.5", `{"type":"terway","eniip_virtual_type":"odd"}`, "", "refused"},
		{"symmetric config", "v1.14.0", `{"type":"terway","symmetric_routing_config":7}`, "", head + `{"bandwidth_mode":"tc","eniip_virtual_type":"veth","symmetric_routing_config":7,"type":"terway"}]}`},
		{"symmetric config", "v1.15.0 v1.17.5", `{"type":"terway","symmetric_routing_config":7}`, "", "refused"},
		{"symmetric backend", "v1.15.0", `{"type":"terway","symmetric_routing":true,"symmetric_routing_config":{"backend":"odd"}}`, "", head + `{"bandwidth_mode":"tc","eniip_virtual_type":"veth","symmetric_routing":true,"symmetric_routing_config":{"backend":"odd"},"type":"terway"}]}`},
		{"symmetric backend", "v1.17.1 v1.17.5", `{"type":"terway","symmetric_routing":true,"symmetric_routing_config":{"backend":"odd"}}`, "", "refused"},
	} {
		for _, version := range strings.Fields(c.versions) {
			t.Run(c.name+"/"+version, func(t *testing.T) {
				in := with("", map[string]string{terway.ConflistName: `{"plugins":[` + c.list + `]}`})
				if c.policy != "" {
					in.Data[terway.PolicyKey] = c.policy
				}
				if got := answerOf(t, version, nil, in); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			})
		}
	}
}

func answerOf(t *testing.T, version string, extra []string, in input) string {
	t.Helper()
	features, err := terway.FeaturesOf(version, extra)
	if err != nil {
		t.Fatal(err)
	}
	result, err := terway.Effective(in.Data, terway.Node{Features: features, ExclusiveENI: in.Exclusive})
	if err != nil {
		return "refused"
	}
	return strings.Join(strings.Fields(result.Conflist), "")
}

// TestKeys: which keys must exist depends on the release.
func TestKeys(t *testing.T) {
	const list = `{"plugins":[{"type":"terway"}]}`
	for _, c := range []struct{ name, absent, versions, want string }{
		{"no 10-terway.conf", terway.ConfKey, "v1.8.0 v1.9.17", "accepted"},
		{"no 10-terway.conf", terway.ConfKey, "v1.11.5 v1.17.5", "refused"},
		{"no eni_conf", terway.ENIConfKey, "v1.8.0 v1.9.17", "accepted"},
		{"no eni_conf", terway.ENIConfKey, "v1.11.5 v1.17.5", "refused"},
	} {
		for _, version := range strings.Fields(c.versions) {
			in := with("", map[string]string{terway.ConflistName: list, c.absent: "(absent)"})
			if got := answerOf(t, version, nil, in); (got == "refused") != (c.want == "refused") {
				t.Errorf("%s, %s: %s", c.name, version, got)
			}
		}
	}
}

// TestCNIChain is the key that builds with the feature read (commit 1a4532b7, TestBuildInputConfigs).
func TestCNIChain(t *testing.T) {
	const first = `{"cniVersion":"0.4.0","name":"terway-chainer","plugins":[{"bandwidth_mode":"tc","capabilities":{"bandwidth":true},"eniip_virtual_type":"veth","type":"terway"}`
	for _, c := range []struct{ chain, want string }{
		{"- type: portmap\n", first + `,{"type":"portmap"}]}`},
		{`[{"type":"tuning","mtu":1}]`, first + `,{"mtu":1,"type":"tuning"}]}`},
		{"[]", first + `]}`},
		{"", "refused"},
		{"type: portmap", "refused"},
		{"- 7", "refused"},
		{"- {}", "refused"},
		{"- type: ''", "refused"},
		{"- type: terway", "refused"},
		{"- {type: a, name: b}", "refused"},
		{"- {type: a, cniVersion: b}", "refused"},
		{"- {type: a, plugins: []}", "refused"},
		{strings.Repeat("- type: a\n", 17), "refused"},
		{"[] #" + strings.Repeat("x", 64*1024), "refused"},
	} {
		in := with("", map[string]string{terway.CNIChainKey: c.chain, terway.ConflistName: `{"plugins":[{"type":"no"}]}`})
		if got := answerOf(t, "v1.17.5", []string{"cni_chain"}, in); got != c.want {
			t.Errorf("%.40q: got  %s\nwant %s", c.chain, got, c.want)
		}
	}
	in := with("", map[string]string{terway.CNIChainKey: "- type: tuning"})
	in.Exclusive = true
	want := `{"cniVersion":"0.4.0","name":"terway-chainer","plugins":[{"capabilities":{"bandwidth":true},"host_stack_cidrs":["169.254.20.10/32"],"type":"terway"},{"type":"tuning"}]}`
	if got := answerOf(t, "v1.17.5", []string{"cni_chain"}, in); got != want {
		t.Errorf("exclusive nodes keep the chain: %s", got)
	}
}

func TestRelease(t *testing.T) {
	for text, want := range map[string]string{"v1.15.0": "v1.15.0", "1.15.0": "v1.15.0", "v1.15.0-20250801-g1bae": "v1.15.0", "v1.15.0+x": "v1.15.0", "v1.15": "", "latest": "", "": ""} {
		if got, err := terway.Release(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
}
