// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainlint/chainlint/internal/schema"
	"github.com/chainlint/chainlint/internal/schema/schematest"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// TestSchemasAreTheTypes: a field that is in one and not in the other would be refused or lost.
func TestSchemasAreTheTypes(t *testing.T) {
	for _, c := range []struct {
		kind, path string
		value      any
	}{
		{"ChainIntent", "spec", render.IntentSpec{}},
		{"ChainIntent", "spec hostPorts", render.HostPorts{}},
		{"ChainIntent", "spec hostPorts symmetricRouting", render.SymmetricRouting{}},
		{"ClusterFacts", "spec", terway.Facts{}},
		{"ClusterFacts", "$defs terway", terway.BuildFacts{}},
		{"ClusterFacts", "$defs cniPlugins", terway.PluginFacts{}},
		{"ClusterFacts", "$defs node", terway.NodeFacts{}},
		{"ClusterFacts", "$defs node tuningAllowlist", terway.Allowlist{}},
		{"ChainRender", "spec", render.Config{}},
		{"ChainRender", "spec policy", render.Policy{}},
	} {
		if diff := cmp.Diff(schematest.Fields(reflect.TypeOf(c.value)), properties(t, c.kind, strings.Fields(c.path))); diff != "" {
			t.Errorf("%s, %s: Go type against schema: %s", c.kind, c.path, diff)
		}
	}
	pool := append(schematest.Fields(reflect.TypeOf(terway.PoolFacts{})), "name")
	slices.Sort(pool)
	text, _ := schema.Text("ClusterFacts")
	var doc struct {
		Properties struct {
			Spec struct {
				Properties struct {
					NodePools struct {
						Items struct {
							Properties map[string]any `json:"properties"`
						} `json:"items"`
					} `json:"nodePools"`
				} `json:"properties"`
			} `json:"spec"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(pool, keys(doc.Properties.Spec.Properties.NodePools.Items.Properties)); diff != "" {
		t.Errorf("node pools: %s", diff)
	}
}

func properties(t *testing.T, kind string, path []string) []string {
	t.Helper()
	text, ok := schema.Text(kind)
	if !ok {
		t.Fatalf("no schema of %s", kind)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for i, name := range path {
		if name == "$defs" || i > 0 && path[i-1] == "$defs" {
			doc = doc[name].(map[string]any)
			continue
		}
		doc = doc["properties"].(map[string]any)[name].(map[string]any)
	}
	return keys(doc["properties"].(map[string]any))
}

func keys(m map[string]any) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
