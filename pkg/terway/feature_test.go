// SPDX-License-Identifier: Apache-2.0

package terway

import (
	"testing"

	"golang.org/x/mod/semver"
)

// TestEveryFeatureHasASource: a claim without a source is none.
func TestEveryFeatureHasASource(t *testing.T) {
	seen := map[Feature]bool{}
	for _, row := range featureTable {
		if row.Meaning == "" || row.Source == "" || seen[row.Feature] {
			t.Errorf("%s: no meaning, no source, or there twice", row.Feature)
		}
		if row.Since != "" && (!semver.IsValid(row.Since) || semver.Compare(row.Since, Newest) > 0) {
			t.Errorf("%s since %q, and %s is the newest that was read", row.Feature, row.Since, Newest)
		}
		seen[row.Feature] = true
	}
}

func TestPoolsReplaceWhatTheySay(t *testing.T) {
	yes, no := true, false
	facts := Facts{
		PoolFacts: PoolFacts{
			KubeProxyMode: "ipvs",
			Terway:        BuildFacts{Version: "v1.15.0", Features: []string{"cni_chain"}},
			CNIPlugins:    PluginFacts{Installed: []string{"portmap"}, Version: "v1.7.1", Versions: map[string]string{"portmap": "v1.9.1"}},
			Node:          NodeFacts{EDT: &yes, TuningAllowlist: &Allowlist{Present: true, Lines: []string{".*"}}},
		},
		NodePools: []NodePool{{Name: "p", PoolFacts: PoolFacts{
			Terway:     BuildFacts{Features: []string{}},
			CNIPlugins: PluginFacts{Installed: []string{}, Versions: map[string]string{"tuning": "v1.0.0"}},
			Node:       NodeFacts{EDT: &no, TuningAllowlist: &Allowlist{Present: true}},
		}}},
	}
	pools := facts.Pools()
	if len(pools) != 2 || pools[0].Name != "" || pools[1].Name != "p" {
		t.Fatalf("%+v", pools)
	}
	p := pools[1]
	switch {
	case p.KubeProxyMode != "ipvs", p.Terway.Version != "v1.15.0":
		t.Errorf("a fact that the pool leaves out is the cluster's: %+v", p)
	case p.Has(CNIChain), !p.Has(SymmetricRouting), !pools[0].Has(CNIChain):
		t.Errorf("features: %+v", p.Terway)
	case !p.PluginMissing("portmap"), pools[0].PluginMissing("portmap"), p.PluginMissing(PluginType):
		t.Errorf("installed: %+v", p.CNIPlugins)
	case p.PluginVersion("portmap") != "v1.9.1", p.PluginVersion("tuning") != "v1.0.0", p.PluginVersion("sbr") != "v1.7.1":
		t.Errorf("versions: %+v", p.CNIPlugins)
	case *p.Node.EDT, !*pools[0].Node.EDT, len(p.Node.TuningAllowlist.Lines) != 0, len(pools[0].Node.TuningAllowlist.Lines) != 1:
		t.Errorf("node: %+v, then %+v", p.Node, pools[0].Node)
	}
}

func TestSymmetricDefaultsAreSound(t *testing.T) {
	if bad := (SymmetricConfig{}).Check(); bad != nil {
		t.Errorf("Terway's own defaults: %v", bad)
	}
}
