// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Members of entries, of which lists are thrown together.
var (
	portmapMembers = []string{
		`"snat": false`, `"masqAll": true`, `"masqAll": true`, `"backend": "nftables"`, `"backend": "iptables"`, `"backend": "NFT"`,
		`"externalSetMarkChain": "KUBE-MARK-MASQ"`, `"externalSetMarkChain": "ACCEPT"`, `"externalSetMarkChain": "MINE"`, `"externalSetMarkChain": "LOG"`,
		`"markMasqBit": 14`, `"markMasqBit": 99`, `"conditionsV4": ["-s"]`, `"conditionsV4": ["ip saddr 10.0.0.0/8"]`,
	}
	tuningMembers = []string{
		`"net.ipv6.conf.all.disable_ipv6": "1"`, `"net.ipv6.conf.all.disable_ipv6": "0"`, `"net.ipv6.conf.lo.disable_ipv6": "1"`,
		`"net.ipv6.conf.IFNAME.disable_ipv6": "0"`, `"net.core.somaxconn": "1024"`, `"net.core.none": "1"`,
	}
	terwayMembers = []string{
		`"symmetric_routing": true`, `"symmetric_routing": "true"`, `"symmetric_routing_config": {"mark": 3}`, `"eniip_virtual_type": "datapathv2"`,
	}
)

// entry of a type with up to so many members.
func entry(r *rand.Rand, kind string, always string, from []string, most int) string {
	members := slices.DeleteFunc([]string{`"type": "` + kind + `"`, always}, func(s string) bool { return s == "" })
	shuffled := slices.Clone(from)
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	return "{" + strings.Join(append(members, shuffled[:r.IntN(most+1)]...), ", ") + "}"
}

// ordinary facts of a node, all known.
func ordinary(r *rand.Rand) terway.PoolFacts {
	one := func(values ...string) string { return values[r.IntN(len(values))] }
	return terway.PoolFacts{
		KubeProxyMode: one("iptables", "ipvs", "nftables"), ContainerRuntime: "containerd", IPStack: "ipv4",
		Terway:     terway.BuildFacts{Version: one("v1.17.5", "v1.17.5", "v1.14.0"), ENIMode: "Shared"},
		CNIPlugins: terway.PluginFacts{Version: one("v1.1.1", "v1.5.1", "v1.6.0", "v1.8.0", "v1.9.1")},
		Node:       terway.NodeFacts{IPv6: one("Enabled", "Enabled", "Disabled"), TuningAllowlist: &terway.Allowlist{}},
	}
}

// TestPredictionAgrees throws chains together and predicts what packets do on the list that Terway writes: where a
// client outside gets no answer, an error says that host ports are lost; where one does, some client gets no answer.
// Likewise for public clients and masqAll, and for IPv6 that differs from pod to pod.
func TestPredictionAgrees(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	seen := map[string]int{}
	for range 1500 {
		first := entry(r, "terway", "", terwayMembers, 2)
		list := `{"plugins": [` + first + `, ` + entry(r, "portmap", []string{`"capabilities": {"portMappings": true}`, `"capabilities": {"portMappings": true}`, ``}[r.IntN(3)], portmapMembers, 3)
		if r.IntN(2) == 0 {
			list += `, {"type": "tuning", "sysctl": ` + strings.Replace(entry(r, "x", "", tuningMembers, 3), `"type": "x", `, ``, 1) + `}`
		}
		list = strings.ReplaceAll(list, `{"type": "x"}`, `{}`) + `]}`
		chain, facts := lint.NewList("a.conflist", list), ordinary(r)
		chain.Texts[terway.ConfKey] = first
		chain.Wishes.Public = true
		w, ok := predicted(t, chain.Texts, facts)
		if !ok {
			continue
		}
		result := lint.Lint(chain, terway.Facts{KubernetesVersion: "v1.34.1", PoolFacts: facts})
		for field, lost := range lostFields(w) {
			if was := defeated(result, field); was != lost {
				t.Fatalf("%s\n%+v\n%s: predicted lost is %v, and lint says %v:\n%s", list, facts, field, lost, was, texts(result))
			}
			seen[fmt.Sprint(field, lost)]++
		}
	}
	if len(seen) != 7 {
		t.Errorf("not everything was tried: %v", seen)
	}
}

// predicted is what runs on a fresh node; ok is false where Terway refuses.
func predicted(t *testing.T, data map[string]string, facts terway.PoolFacts) (predict.World, bool) {
	t.Helper()
	node, _, err := facts.EffectiveNode()
	if err != nil {
		t.Fatal(err)
	}
	node.PartialData = true
	effective, err := terway.Effective(data, node)
	if err != nil {
		return predict.World{}, false
	}
	facts.Terway.Datapath = effective.Datapath
	w, err := predict.Of(effective.Conflist, facts, "v1.34.1")
	if err != nil {
		t.Fatal(err)
	}
	return w, true
}

// lostFields are the fields of an intent that the prediction says are lost, or are not.
func lostFields(w predict.World) map[string]bool {
	outcome := func(v predict.Vantage, inside predict.Tri) predict.Outcome {
		return w.HostPort(predict.Client{Vantage: v, InPrefix: inside, Matched: predict.Yes}, predict.Port{}).Outcome
	}
	answered := func(o predict.Outcome) bool { return o == predict.Answered || o == predict.Undecided }
	// Who writes snat false is taken to mean it: that is a warning.
	none := !answered(outcome(predict.External, predict.No)) || w.Portmap.SNAT && !answered(outcome(predict.Localhost, predict.No))
	lost := map[string]bool{
		lint.HostPorts:       none,
		lint.PublicHostPorts: none || outcome(predict.Public, predict.No) != predict.Answered,
	}
	if v6 := w.IPv6(); slices.Contains([]predict.Addresses{v6.Eth0, v6.Lo, v6.Later}, predict.DiffersIPv6) {
		lost[lint.NoLinkLocal] = true
	}
	switch ignored := w.MasqAll().Holds == predict.No; {
	case w.Portmap.MasqAll && ignored: // that is said of masqAll, not of what it was needed for
		return map[string]bool{lint.MasqAll: true}
	case w.Portmap.MasqAll:
		lost[lint.MasqAll] = none
	}
	return lost
}

// defeated tells whether an error says that a field is lost, or that all is.
func defeated(result *lint.Result, field string) bool {
	return slices.ContainsFunc(result.Findings, func(f *lint.Finding) bool {
		if f.Rule.ID == "plugin-key-newer" && strings.HasSuffix(f.Pointer, "/backend") {
			return false // defeats what asks for a backend, which is no field here
		}
		all := f.Impact == lint.AllPods || f.Impact == lint.Init || f.Impact == lint.Node
		return f.Severity == lint.Error && (all || slices.Contains(f.Rule.Defeats, field))
	})
}

func texts(result *lint.Result) string {
	var out strings.Builder
	for _, f := range result.Findings {
		out.WriteString(f.Text())
	}
	return out.String()
}
