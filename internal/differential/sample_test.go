// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

// sample is one chain on one kind of node.
type sample struct {
	conf, list, eniConf string
	// version of the plugins, proxy mode of kube-proxy, and tuning's allow-list, nil for none.
	version, proxy string
	allowlist      []string
	// dual: pods have IPv6 addresses, too.
	dual bool
}

func (c *sample) String() string {
	text := fmt.Sprintf("plugins %s, kube-proxy %s", c.version, c.proxy)
	if c.allowlist != nil {
		text += fmt.Sprintf(", allow-list %q", c.allowlist)
	}
	if c.dual {
		text += ", dual stack"
	}
	if c.conf != plainConf {
		text += ", conf " + c.conf
	}
	if c.eniConf != plainENIConf {
		text += ", eni_conf " + c.eniConf
	}
	return text + "\n    " + c.list
}

// data of the ConfigMap.
func (c *sample) data() map[string]string {
	return map[string]string{terway.ConfKey: c.conf, terway.ConflistName: c.list, terway.ENIConfKey: c.eniConf}
}

func (c *sample) facts(installed []string) terway.Facts {
	facts := terway.Facts{}
	facts.KubeProxyMode, facts.ContainerRuntime, facts.IPStack = c.proxy, "containerd", "ipv4"
	if c.dual {
		facts.IPStack = terway.IPStackDual
	}
	facts.Terway = terway.BuildFacts{Version: terway.Newest, ENIMode: "Shared"}
	facts.CNIPlugins = terway.PluginFacts{Version: c.version, Installed: installed}
	facts.Node.IPv6 = "Enabled"
	facts.Node.TuningAllowlist = &terway.Allowlist{Present: c.allowlist != nil, Lines: c.allowlist}
	return facts
}

func (c *sample) node() terway.Node {
	node, _, err := c.facts(nil).EffectiveNode()
	if err != nil {
		panic(err)
	}
	return node
}

// hasMarkChain tells whether kube-proxy makes KUBE-MARK-MASQ.
func (c *sample) hasMarkChain() bool { return c.proxy == "iptables" || c.proxy == "ipvs" }

// worstFirst are the impacts that keep pods from starting.
var worstFirst = []lint.Impact{lint.Init, lint.Node, lint.AllPods, lint.SomePods}

// predict is what the linter says of the chain: its worst finding, with all errors.
func (c *sample) predict(installed []string) (outcome, error) {
	manifest, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "data": c.data(),
		"metadata": map[string]any{"name": terway.ConfigMapName, "namespace": terway.ConfigMapNamespace},
	})
	if err != nil {
		return outcome{}, err
	}
	source, err := lint.ReadSource("eni-config.yaml", manifest, false)
	if err != nil || len(source.Chains) != 1 {
		return outcome{}, fmt.Errorf("%d chains: %w", len(source.Chains), err)
	}
	predicted := outcome{impact: starts}
	var why []string
	worst := len(worstFirst)
	for _, f := range lint.Lint(source.Chains[0], c.facts(installed)).Findings {
		if f.Severity != lint.Error {
			continue
		}
		why = append(why, fmt.Sprintf("%s (%s) %s: %s", f.Rule.ID, f.Impact, f.Key+f.Pointer, f.Message))
		if i := slices.Index(worstFirst, f.Impact); i >= 0 && i < worst {
			worst, predicted.impact = i, f.Impact
		}
	}
	predicted.why = strings.Join(why, "\n    ")
	return predicted, nil
}
