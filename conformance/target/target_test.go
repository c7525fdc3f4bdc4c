// SPDX-License-Identifier: Apache-2.0

package target_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainlint/chainlint/conformance/target"
	"github.com/chainlint/chainlint/examples"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

const (
	overlays = "../../examples/overlays/"
	private  = overlays + "private-host-ports"
	publicV2 = overlays + "public-host-ports-datapathv2"
)

func load(t *testing.T, o target.Options) *target.Target {
	t.Helper()
	all, err := target.Load(o)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d targets, %v", len(all), err)
	}
	return all[0]
}

// TestBuiltIn: the committed examples are what their overlays render to.
func TestBuiltIn(t *testing.T) {
	all, err := target.Load(target.Options{})
	if err != nil || len(all) != len(examples.Overlays()) {
		t.Fatalf("%d targets, %v", len(all), err)
	}
	for i, name := range examples.Overlays() {
		got := all[i]
		want := load(t, target.Options{Overlay: overlays + name})
		if got.Name != name || got.Inferred || got.FactsFile != "examples/overlays/"+name+"/facts.yaml" {
			t.Errorf("%s: %q, %q", name, got.Name, got.FactsFile)
		}
		if diff := cmp.Diff([]string{"examples/overlays/" + name + "/intents.yaml"}, got.IntentFiles); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]any{want.Data, want.Partial, want.Facts, want.Intent}, []any{got.Data, got.Partial, got.Facts, got.Intent}); diff != "" {
			t.Errorf("%s: rendered now and as committed: %s", name, diff)
		}
		if got.Data[terway.ConfKey] == "" || got.Data[terway.ConflistName] == "" {
			t.Errorf("%s: no chain", name)
		}
	}
}

// TestOverlay: all parts come from one directory, and each can be replaced.
func TestOverlay(t *testing.T) {
	got := load(t, target.Options{Overlay: private + "/"})
	if got.Name != private || got.FactsFile != private+"/facts.yaml" || !slices.Equal(got.IntentFiles, []string{private + "/intents.yaml"}) || got.Facts.Terway.Version != "v1.15.0" {
		t.Errorf("%q, %q, %q", got.Name, got.FactsFile, got.IntentFiles)
	}
	facts := write(t, "facts.yaml", strings.Replace(read(t, private+"/facts.yaml"), "v1.15.0", "v1.16.0", 1))
	if with := load(t, target.Options{Overlay: private, Facts: facts}); with.Facts.Terway.Version != "v1.16.0" || with.FactsFile != facts {
		t.Errorf("facts of %q", with.FactsFile)
	}
	with := load(t, target.Options{Overlay: private, Intent: publicV2 + "/intents.yaml"})
	if with.Intent.HostPorts.Exposure != render.Public || !slices.Equal(with.IntentFiles, []string{publicV2 + "/intents.yaml"}) || with.Data[terway.ConflistName] != got.Data[terway.ConflistName] {
		t.Errorf("intents of %q", with.IntentFiles)
	}
	with = load(t, target.Options{Overlay: private, ENIConfig: "-", In: strings.NewReader(manifest(`{"plugins": []}`))})
	if with.Name != "standard input" || with.Data[terway.ConflistName] != `{"plugins": []}` || with.Inferred || with.Facts.Terway.Version != "v1.15.0" || with.Intent.HostPorts == nil {
		t.Errorf("%+v", with.Intent)
	}
}

func manifest(list string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: eni-config, namespace: kube-system}\ndata:\n  10-terway.conf: '{\"type\": \"terway\"}'\n  10-terway.conflist: '" + list + "'\n"
}

const (
	intent = "---\napiVersion: chainlint.dev/v1alpha1\nkind: ChainIntent\nmetadata: {name: %}\nspec: {ipv6LinkLocal: Disabled}\n"
	facts  = "---\napiVersion: chainlint.dev/v1alpha1\nkind: ClusterFacts\nmetadata: {name: %}\nspec: {terway: {version: v1.17.5, conf: '{\"type\": \"terway\"}'}}\n"
)

func named(text, name string) string { return strings.Replace(text, "%", name, 1) }

// TestENIConfig: facts and intents of the stream, else the nearest facts and what the chain tells.
func TestENIConfig(t *testing.T) {
	chain := manifest(`{"plugins": [{"type": "terway"}, {"type": "portmap"}]}`)
	stream := load(t, target.Options{ENIConfig: "-", In: strings.NewReader(chain + named(intent, "a") + named(facts, "a"))})
	if stream.Inferred || stream.Intent.IPv6LinkLocal != render.Disabled || stream.Intent.HostPorts != nil || stream.FactsFile != "standard input" || stream.Facts.Terway.Version != "v1.17.5" {
		t.Errorf("%+v", stream)
	}
	dir := t.TempDir()
	put(t, filepath.Join(dir, ".git", "HEAD"), "")
	put(t, filepath.Join(dir, "facts.yaml"), named(facts, "a"))
	file := filepath.Join(dir, "deep", "er", "eni-config.yaml")
	put(t, file, chain)
	near := load(t, target.Options{ENIConfig: file})
	if !near.Inferred || near.Intent.HostPorts == nil || near.Name != file || near.IntentFiles != nil || near.FactsFile == "" || near.Facts.Terway.Version != "v1.17.5" {
		t.Errorf("%+v", near)
	}
	put(t, filepath.Join(dir, "intents", "a.yaml"), named(intent, "a"))
	put(t, filepath.Join(dir, "intents", "b.yml"), named(intent, "b"))
	if with := load(t, target.Options{ENIConfig: file, Intent: filepath.Join(dir, "intents")}); with.Inferred || with.Intent.HostPorts != nil || len(with.IntentFiles) != 2 {
		t.Errorf("%+v", with)
	}
}

// TestPartial: facts fill in what the repository does not hold.
func TestPartial(t *testing.T) {
	chain := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: eni-config, namespace: kube-system, annotations: {chainlint.dev/partial: 'true'}}\ndata: {}\n"
	got := load(t, target.Options{ENIConfig: "-", In: strings.NewReader(chain + named(facts, "a"))})
	if !got.Partial || got.Data[terway.ConfKey] != `{"type": "terway"}` || !got.Inferred || got.Intent.HostPorts != nil {
		t.Errorf("%+v", got)
	}
}

// TestProblems: each mistake has its class and, where there is one, its place.
func TestProblems(t *testing.T) {
	refused := t.TempDir()
	if err := os.CopyFS(refused, os.DirFS("../../examples")); err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(refused, "overlays", "public-host-ports")
	put(t, filepath.Join(overlay, "facts.yaml"), strings.Replace(read(t, filepath.Join(overlay, "facts.yaml")), "v1.15.0", "v1.13.0", 1))
	chain := manifest(`{"plugins": []}`)
	for name, c := range map[string]struct {
		options target.Options
		class   render.Class
		say     string
	}{
		"no chain named":        {target.Options{Facts: "x"}, render.Invalid, "--eni-config"},
		"two streams":           {target.Options{ENIConfig: "-", Facts: "-"}, render.Invalid, "standard input"},
		"overlay is a stream":   {target.Options{Overlay: "-"}, render.Invalid, "directory"},
		"no such file":          {target.Options{ENIConfig: "none.yaml"}, render.Unreadable, "none.yaml"},
		"no such overlay":       {target.Options{Overlay: "none"}, render.Unreadable, "none"},
		"no such intent":        {target.Options{ENIConfig: "-", In: strings.NewReader(chain), Intent: "none"}, render.Unreadable, "none"},
		"no intent in the file": {target.Options{Overlay: private, Intent: private + "/facts.yaml"}, render.Invalid, "ChainIntent"},
		"no facts in the file":  {target.Options{Overlay: private, Facts: private + "/intents.yaml"}, render.Invalid, "ClusterFacts"},
		"no eni-config":         {target.Options{ENIConfig: private + "/intents.yaml"}, render.Invalid, "eni-config"},
		"no yaml":               {target.Options{ENIConfig: "-", In: strings.NewReader("a: [")}, render.Unreadable, "standard input:1"},
		"two facts":             {target.Options{ENIConfig: "-", In: strings.NewReader(chain + named(facts, "a") + named(facts, "b"))}, render.Invalid, "standard input:13"},
		"refused":               {target.Options{Overlay: overlay}, render.Refused, "v1.13.0"},
		"contradiction": {
			target.Options{ENIConfig: "-", In: strings.NewReader(chain + named(intent, "a") + strings.Replace(named(intent, "b"), "Disabled", "Kernel", 1))},
			render.Refused, "standard input:16",
		},
	} {
		_, err := target.Load(c.options)
		var ps render.Problems
		if !errors.As(err, &ps) || ps.Worst() != c.class || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: class %d, want %d with %q: %v", name, ps.Worst(), c.class, c.say, err)
		}
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	put(t, name, text)
	return name
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
