// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// evaluated runs chainlint once over the base with `-- key=value`, which kpt hands over as a ConfigMap.
func evaluated(t *testing.T, dir string, pairs []string) outcome {
	t.Helper()
	return kpt(t, dir, append([]string{"eval", "--exec", "chainlint", ".", "--"}, pairs...)...)
}

// TestKptEval: an intent and the facts it takes fit on a command line.
func TestKptEval(t *testing.T) {
	const terway = `{"plugins":[{"cniVersion":"0.4.0","name":"terway","type":"terway","capabilities":{"bandwidth":true}`
	const portmap = `{"type":"portmap","capabilities":{"portMappings":true}`
	for _, c := range []struct {
		name  string
		pairs []string
		key   string
		chain string
	}{
		{"private", []string{"hostPorts.exposure=Private", "facts.kubeProxyMode=iptables"}, conflistKey, terway + `},` + portmap + `}]}`},
		{
			"nftables",
			[]string{"hostPorts.exposure=Private", "facts.kubeProxyMode=nftables", "facts.cniPlugins.version=v1.9.1"},
			conflistKey, terway + `},` + portmap + `,"backend":"nftables"}]}`,
		},
		{
			"public, with numbers",
			[]string{"hostPorts.exposure=Public", "hostPorts.symmetricRouting.mark=32", "hostPorts.symmetricRouting.mask=32", "facts.kubeProxyMode=iptables", "facts.terway.version=v1.15.0"},
			conflistKey, terway + `,"symmetric_routing":true,"symmetric_routing_config":{"mark":32,"mask":32}},` + portmap + `}]}`,
		},
		{
			"sysctls, with dots and a list",
			[]string{"sysctls.net.core.somaxconn=1024", "facts.cniPlugins.installed=portmap,tuning"},
			conflistKey, terway + `},{"type":"tuning","sysctl":{"net.core.somaxconn":"1024"}}]}`,
		},
		{
			"other target",
			[]string{"hostPorts.exposure=Private", "facts.kubeProxyMode=iptables", "target=CNIChain", "facts.terway.features=cni_chain"},
			"cni_chain", `[` + portmap + `}]`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := copied(t, "base")
			wantExit(t, evaluated(t, dir, c.pairs), 0)
			once := tree(t, dir)
			texts := data(t, get(t, filepath.Join(dir, "eni-config.yaml")))
			wantEqual(t, "chain", c.chain, strings.Join(strings.FieldsFunc(texts[c.key], func(r rune) bool { return r == ' ' || r == '\n' }), ""))
			wantEqual(t, "other keys", data(t, get(t, "base/eni-config.yaml")), without(texts, c.key))
			wantEqual(t, "other files", without(tree(t, "base"), "eni-config.yaml"), without(once, "eni-config.yaml"))
			wantExit(t, evaluated(t, dir, c.pairs), 0)
			wantEqual(t, "files of the second run", once, tree(t, dir))
		})
	}
}

// TestKptEvalRefused: what is missing is asked for by name, and no file changes.
func TestKptEvalRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		pairs []string
		said  []string
	}{
		{"no kube-proxy", []string{"hostPorts.exposure=Private"}, []string{"fact-missing", "kubeProxyMode", "Exit code: 2"}},
		{"no plugin version", []string{"hostPorts.exposure=Private", "facts.kubeProxyMode=nftables"}, []string{"fact-missing", "cniPlugins.version", "Exit code: 2"}},
		{"no Terway version", []string{"hostPorts.exposure=Public", "facts.kubeProxyMode=iptables"}, []string{"fact-missing", "terway.version", "Exit code: 2"}},
		{"forbidden", []string{"ipv6LinkLocal=Disabled", "facts.ipStack=dual"}, []string{"link-local-dual-stack", "Exit code: 1"}},
		{"typo in the intent", []string{"hostPorts.exposur=Private"}, []string{"exposur", "did you mean exposure?", "Exit code: 2"}},
		{"typo in the facts", []string{"hostPorts.exposure=Private", "facts.kubeProxymode=iptables"}, []string{"kubeProxymode", "did you mean kubeProxyMode?", "Exit code: 2"}},
		{"no intent", nil, []string{"no-intent", "Exit code: 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := copied(t, "base")
			for range 2 {
				refused := evaluated(t, dir, c.pairs)
				wantExit(t, refused, 1)
				wantText(t, refused.said(), append(c.said, "[FAIL]")...)
				wantEqual(t, "files", tree(t, "base"), tree(t, dir))
			}
		})
	}
}

// TestKptEvalInvalidOnly: an intent that is wrong is there all the same, so nobody must be told that
// there is none.
func TestKptEvalInvalidOnly(t *testing.T) {
	refused := evaluated(t, copied(t, "base"), []string{"hostPorts.exposur=Private", "facts.kubeProxyMode=iptables"})
	wantExit(t, refused, 1)
	if strings.Contains(refused.said(), "no-intent") {
		t.Errorf("no-intent is said of an intent with a typo:\n%s", refused.said())
	}
}

// TestKptEvalCreates: in a package without an eni-config there is nothing to render into. A new file
// would lack eni_conf, and applying it would break the nodes.
func TestKptEvalCreates(t *testing.T) {
	dir := dirWith(t, map[string]string{"daemonset.yaml": get(t, "base/daemonset.yaml")})
	before := tree(t, dir)
	refused := evaluated(t, dir, []string{"hostPorts.exposure=Private", "facts.kubeProxyMode=iptables"})
	wantExit(t, refused, 1)
	wantText(t, refused.said(), "no-eni-config")
	wantEqual(t, "files", before, tree(t, dir))
}

// TestKptEvalConfigFile: --fn-config names the configuration, in the package or outside of it.
func TestKptEvalConfigFile(t *testing.T) {
	for _, inside := range []bool{true, false} {
		dir := copied(t, "overlays/private-host-ports")
		config := filepath.Join(t.TempDir(), "chainrender.yaml")
		put(t, config, get(t, filepath.Join(dir, "chainrender.yaml")))
		if inside {
			config = filepath.Join(dir, "chainrender.yaml")
		}
		before := tree(t, dir)
		for range 2 {
			wantExit(t, kpt(t, dir, "eval", "--exec", "chainlint", "--fn-config", config, "."), 0)
			wantEqual(t, "files", before, tree(t, dir))
		}
	}
}

// TestKptEvalWithoutConfig: chainlint render finds the one ChainRender of a package by itself. Under eval
// kpt hands it over as an item, and its policy must bind there, too, or say that it does not.
func TestKptEvalWithoutConfig(t *testing.T) {
	dir := copied(t, "overlays/private-host-ports")
	edit(t, filepath.Join(dir, "chainrender.yaml"), "spec:\n", "spec:\n  policy: {exposure: [Private]}\n")
	edit(t, filepath.Join(dir, "intents.yaml"), "Private", "Public")
	before := tree(t, dir)
	refused := kpt(t, dir, "eval", "--exec", "chainlint", ".")
	wantExit(t, refused, 1)
	wantText(t, refused.said(), "[policy]")
	wantEqual(t, "files", before, tree(t, dir))
}
