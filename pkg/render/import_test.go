// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// TestVendorExamples imports the examples of the vendor's page as they stand there.
func TestVendorExamples(t *testing.T) {
	for name, want := range map[string]string{
		"configure":     `{"hostPorts":{"exposure":"Private","markChain":"KUBE-MARK-MASQ"}}`,
		"private":       `{"hostPorts":{"exposure":"Private","markChain":"KUBE-MARK-MASQ"}}`,
		"public":        `{"hostPorts":{"exposure":"Public","masqAll":false}}`,
		"no-link-local": `{"ipv6LinkLocal":"Disabled"}`,
	} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", "vendor", name+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			im := importAndRender(t, string(text))
			if im == nil {
				t.Fatal("not importable")
			}
			got, _ := json.Marshal(im.Spec)
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestImportGivesTheChainBack is the property on generated chains: whatever is imported renders to the
// same list on a node; what cannot be is refused, never changed.
func TestImportGivesTheChainBack(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	imported := 0
	for i := range 600 {
		text := generate(r)
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			if importAndRender(t, text) != nil {
				imported++
			}
		})
	}
	if imported < 450 {
		t.Errorf("only %d of 600 chains could be imported", imported)
	}
}

// importAndRender returns nil for a chain that Import refuses.
func importAndRender(t *testing.T, text string) *render.Imported {
	t.Helper()
	objects := read(t, "chain.yaml", text)
	object, data, err := render.ReadENIConfig(objects)
	if err != nil {
		t.Fatal(err)
	}
	im, err := render.Import(object, data, terway.Facts{})
	if err != nil {
		if strings.TrimSpace(err.Error()) == "" {
			t.Error("refused without a reason")
		}
		return nil
	}
	before := effective(t, data)
	objects = append(objects, own(t, "ChainIntent", im.Spec), own(t, "ClusterFacts", im.Facts))
	out, ps := render.Render(render.Input{Objects: objects})
	if out == nil {
		t.Fatalf("the import does not render: %v\n%s", ps, text)
	}
	data[terway.ConflistName] = out.Text
	if diff := cmp.Diff(before, effective(t, data)); diff != "" {
		t.Errorf("%s\n%s", text, diff)
	}
	return im
}

func own(t *testing.T, kind string, spec any) *manifest.Object {
	t.Helper()
	text, err := json.Marshal(map[string]any{"apiVersion": manifest.Group, "kind": kind, "metadata": map[string]string{"name": "imported"}, "spec": spec})
	if err != nil {
		t.Fatal(err)
	}
	return read(t, kind, string(text))[0]
}

// effective lists of every release that differs.
func effective(t *testing.T, data map[string]string) []string {
	t.Helper()
	var all []string
	for _, version := range []string{"v1.8.0", "v1.9.17", "v1.11.5", "v1.15.0", "v1.17.5"} {
		features, err := terway.FeaturesOf(version, nil)
		if err != nil {
			t.Fatal(err)
		}
		result, err := terway.Effective(data, terway.Node{Features: features, PartialData: true})
		if err != nil {
			t.Fatalf("%s: %v", version, err)
		}
		all = append(all, result.Conflist)
	}
	return all
}

// generate an eni-config with a chain made of the entries that people write.
func generate(r *rand.Rand) string {
	conf := pick(r, `{"type":"terway"}`, `{"cniVersion":"0.4.0","name":"terway","type":"terway","capabilities":{"bandwidth":true}}`,
		`{"type":"terway","eniip_virtual_type":"datapathv2"}`, `{"type":"terway","mtu":1.5e3,"symmetric_routing":true}`)
	first := strings.TrimSuffix(conf, "}") + pick(r, "", "", "", `,"symmetric_routing":true`, `,"symmetric_routing":true,"symmetric_routing_config":{"mark":32,"mask":32}`) + "}"
	first = strings.Replace(first, `"symmetric_routing":true,"symmetric_routing":true`, `"symmetric_routing":true`, 1)
	plugins := []string{first}
	for range r.Intn(4) {
		plugins = append(plugins, entry(r))
	}
	list := `{"plugins":[` + strings.Join(plugins, ",") + `]}`
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: eni-config, namespace: kube-system}\ndata:\n  10-terway.conf: '%s'\n  10-terway.conflist: '%s'\n", conf, list)
}

func entry(r *rand.Rand) string {
	return pick(r,
		`{"type":"portmap","capabilities":{"portMappings":true}`+pick(r, "", "", `,"masqAll":true`, `,"masqAll":false`, `,"backend":"iptables"`, `,"backend":"nftables"`, `,"externalSetMarkChain":"KUBE-MARK-MASQ"`, `,"snat":true`, `,"conditionsV4":["-s","10.0.0.0/8"]`)+`}`,
		`{"type":"portmap"}`,
		`{"type":"tuning","sysctl":{`+pick(r, `"net.core.somaxconn":"1024"`, `"net.ipv6.conf.all.disable_ipv6":"1"`, `"net.ipv6.conf.all.disable_ipv6":"1","net.ipv6.conf.default.disable_ipv6":"1","net.ipv6.conf.lo.disable_ipv6":"1"`, `"net/ipv4/x":"1 2"`, ``)+`}}`,
		`{"type":"tuning","mtu":1400}`, `{"type":"bandwidth","ingressRate":9007199254740993}`, `{"type":"firewall","backend":"iptables","x":[1.0,{"y":null}]}`, `{"type":"sbr","table":5}`,
	)
}

func pick(r *rand.Rand, from ...string) string { return from[r.Intn(len(from))] }
