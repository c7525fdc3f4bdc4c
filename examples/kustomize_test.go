// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"path/filepath"
	"testing"
)

// Both flags are needed: see TestKustomizeWithoutFlags for what happens with one.
var bothFlags = []string{"--enable-alpha-plugins", "--enable-exec"}

// kustomize builds a directory, twice.
func kustomize(t *testing.T, dir string, flags ...string) outcome {
	t.Helper()
	binary, err := kustomizeBinary()
	if err != nil {
		t.Fatal(err)
	}
	argv := append([]string{binary, "build"}, flags...)
	first := run(t, dir, "", append(argv, ".")...)
	second := run(t, dir, "", append(argv, ".")...)
	if first.code != second.code || first.stdout != second.stdout {
		t.Errorf("the second build differs:\n%s\n---\n%s", first.said(), second.said())
	}
	return first
}

// TestKustomizeOverlays: three ways to one text, kustomize with the function, chainlint alone, and the
// committed file for those whose delivery runs no functions.
func TestKustomizeOverlays(t *testing.T) {
	for _, overlay := range overlays(t) {
		t.Run(filepath.Base(overlay), func(t *testing.T) {
			t.Parallel()
			built := kustomize(t, overlay, bothFlags...)
			wantExit(t, built, 0)
			rendered := run(t, overlay, "", "chainlint", "render", ".")
			wantExit(t, rendered, 0)
			wantEqual(t, "chainlint render against kustomize build", built.stdout, rendered.stdout)
			wantEqual(t, "committed file against kustomize build", built.stdout, get(t, filepath.Join(overlay, "rendered/eni-config.yaml")))
			noLeak(t, built.stdout)
			texts := data(t, built.stdout)
			if texts[conflistKey] == "" {
				t.Error("there is no chain")
			}
			wantEqual(t, "keys that chainlint must not touch", sources(t, overlay), without(texts, conflistKey))
		})
	}
}

// TestKustomizeFixedPoint: what came out, put in again, comes out the same.
func TestKustomizeFixedPoint(t *testing.T) {
	for _, overlay := range overlays(t) {
		t.Run(filepath.Base(overlay), func(t *testing.T) {
			t.Parallel()
			dir := copied(t, overlay)
			rendered := get(t, filepath.Join(dir, "rendered/eni-config.yaml"))
			put(t, filepath.Join(dir, "eni-config.yaml"), rendered)
			put(t, filepath.Join(dir, "kustomization.yaml"), "resources: [eni-config.yaml, intents.yaml, facts.yaml]\ntransformers: [chainrender.yaml]\n")
			built := kustomize(t, dir, bothFlags...)
			wantExit(t, built, 0)
			wantEqual(t, "the second rendering", rendered, built.stdout)
		})
	}
}

// TestRenderCheck is the path for Argo CD and Flux: no host, only the committed files.
func TestRenderCheck(t *testing.T) {
	for range 2 {
		wantExit(t, run(t, ".", "", "chainlint", "render", "--check", "."), 0)
	}
}

// TestKustomizeWithoutFlags pins what the host does when a flag was forgotten. The first case is why CI
// must not trust a green build: the function is skipped, exit 0 (kustomize#4399). Should it ever fail
// loudly, be glad, and update the documentation.
func TestKustomizeWithoutFlags(t *testing.T) {
	for _, c := range []struct {
		name   string
		flags  []string
		code   int
		silent bool
		stderr string
	}{
		{name: "plugins but no exec", flags: bothFlags[:1], silent: true},
		{name: "exec but no plugins", flags: bothFlags[1:], code: 1, stderr: "external plugins disabled"},
		{name: "none", code: 1, stderr: "external plugins disabled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			built := kustomize(t, "overlays/private-host-ports", c.flags...)
			wantExit(t, built, c.code)
			wantText(t, built.stderr, c.stderr)
			if !c.silent {
				wantEqual(t, "output of a build that failed", "", built.stdout)
				return
			}
			wantEqual(t, "complaints of a function that did not run", "", built.stderr)
			wantEqual(t, "chain of a function that did not run", "", data(t, built.stdout)[conflistKey])
			want := data(t, get(t, "base/eni-config.yaml"))
			wantEqual(t, "data of a function that did not run", want, data(t, built.stdout))
		})
	}
}

// examples is a copy of base and of the overlay private-host-ports; it returns the overlay.
func examples(t *testing.T) string {
	t.Helper()
	return filepath.Join(copied(t, "."), "overlays/private-host-ports")
}

// TestKustomizeRenames: Terway reads one ConfigMap, by name. Where the host renames it, or moves it,
// nothing would read the chain.
func TestKustomizeRenames(t *testing.T) {
	for _, c := range []struct{ name, file, field, renamed string }{
		{"prefix in the base", "../../base/kustomization.yaml", "namePrefix: prod-", "kube-system/prod-eni-config"},
		{"prefix in the overlay", "kustomization.yaml", "namePrefix: prod-", "kube-system/prod-eni-config"},
		{"suffix in the overlay", "kustomization.yaml", "nameSuffix: -v2", "kube-system/eni-config-v2"},
		{"namespace in the overlay", "kustomization.yaml", "namespace: cni", "cni/eni-config"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := examples(t)
			put(t, filepath.Join(dir, c.file), get(t, filepath.Join(dir, c.file))+c.field+"\n")
			built := kustomize(t, dir, bothFlags...)
			if built.code == 0 {
				t.Errorf("the build of a renamed eni-config is green:\n%s", built.stdout)
			}
			rendered := run(t, dir, "", "chainlint", "render", ".")
			wantExit(t, rendered, 2)
			for _, said := range []string{built.stderr, rendered.stderr} {
				wantText(t, said, c.renamed, "[renamed-eni-config]")
			}
			wantEqual(t, "output of a refused rendering", "", built.stdout+rendered.stdout)
		})
	}
}

// TestKustomizeRenamesRest: a prefix on intents and facts alone does no harm, references included.
func TestKustomizeRenamesRest(t *testing.T) {
	dir := examples(t)
	put(t, filepath.Join(dir, "wishes/kustomization.yaml"), "namePrefix: prod-\nresources: [intents.yaml, facts.yaml]\n")
	for _, name := range []string{"intents.yaml", "facts.yaml"} {
		put(t, filepath.Join(dir, "wishes", name), get(t, filepath.Join(dir, name)))
	}
	edit(t, filepath.Join(dir, "kustomization.yaml"), "- intents.yaml\n- facts.yaml\n", "- wishes\n")
	built := kustomize(t, dir, bothFlags...)
	wantExit(t, built, 0)
	wantEqual(t, "the rendering", get(t, filepath.Join(dir, "rendered/eni-config.yaml")), built.stdout)
	rendered := run(t, dir, "", "chainlint", "render", ".")
	wantExit(t, rendered, 0)
	wantEqual(t, "chainlint render against kustomize build", built.stdout, rendered.stdout)
}
