// SPDX-License-Identifier: Apache-2.0

package terway_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/chainlint/chainlint/pkg/terway"
)

// FuzzEffective: any data gives a list that Terway would read again, or a refusal with a reason; on
// every release; never a panic.
func FuzzEffective(f *testing.F) {
	for _, in := range corpus() {
		f.Add(in.Data[terway.ConfKey], in.Data[terway.ConflistName], in.Data[terway.ENIConfKey], in.Data[terway.CNIChainKey], in.Exclusive)
	}
	f.Add(plainConf, "", plainENI, "- type: portmap\n- {type: tuning, mtu: 1}\n", false)
	versions := []string{"v1.5.5", "v1.5.6", "v1.8.0", "v1.9.17", "v1.11.5", "v1.13.2", "v1.14.0", "v1.15.0", "v1.17.5"}
	f.Fuzz(func(t *testing.T, conf, list, eniConf, chain string, exclusive bool) {
		data := map[string]string{terway.ConfKey: conf, terway.ENIConfKey: eniConf}
		if list != "" {
			data[terway.ConflistName] = list
		}
		if chain != "" {
			data[terway.CNIChainKey] = chain
		}
		for _, extra := range [][]string{nil, {"cni_chain"}} {
			for _, version := range versions {
				features, err := terway.FeaturesOf(version, extra)
				if err != nil {
					t.Fatal(err)
				}
				checkResult(t, data, terway.Node{Features: features, ExclusiveENI: exclusive})
			}
		}
	})
}

func checkResult(t *testing.T, data map[string]string, node terway.Node) {
	result, err := terway.Effective(data, node)
	var refusal *terway.Refusal
	if err != nil {
		if !errors.As(err, &refusal) || refusal.Reason == "" {
			t.Fatalf("no refusal with a reason: %v", err)
		}
		return
	}
	if !node.Features[terway.ConflistKey] {
		return // copied as it is
	}
	var list struct {
		Plugins []any `json:"plugins"`
	}
	if err := json.Unmarshal([]byte(result.Conflist), &list); err != nil {
		t.Fatalf("%v: %q", err, result.Conflist)
	}
	if len(list.Plugins) != len(result.From) {
		t.Fatalf("%d plugins, %d origins", len(list.Plugins), len(result.From))
	}
}
