// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const localConfigLine = `    config.kubernetes.io/local-config: "true"
`

// TestKustomizeLeak: an intent without the annotation goes to the cluster, which does not know its
// kind. The function cannot stop the host, but must say so; chainlint render leaves it out.
func TestKustomizeLeak(t *testing.T) {
	dir := examples(t)
	edit(t, filepath.Join(dir, "intents.yaml"), "  annotations:\n"+localConfigLine, "")
	built := kustomize(t, dir, bothFlags...)
	wantExit(t, built, 0)
	wantText(t, built.stdout, "kind: ChainIntent")
	wantText(t, built.stderr, "warning", "ChainIntent host-ports", "config.kubernetes.io/local-config", "[no-local-config]")
	rendered := run(t, dir, "", "chainlint", "render", ".")
	wantExit(t, rendered, 0)
	noLeak(t, rendered.stdout)
	wantEqual(t, "chainlint render", get(t, filepath.Join(dir, "rendered/eni-config.yaml")), rendered.stdout)
}

// TestKustomizeRefusal: kustomize shows nothing but stderr, on which its own line must stay its own.
func TestKustomizeRefusal(t *testing.T) {
	dir := examples(t)
	edit(t, filepath.Join(dir, "facts.yaml"), "eniMode: Shared", "eniMode: Exclusive")
	built := kustomize(t, dir, bothFlags...)
	wantExit(t, built, 1)
	wantText(t, built.stderr, "chainlint: ", "terway.eniMode is Exclusive", "[exclusive-eni]\nError: couldn't execute function: exit status 1")
	wantEqual(t, "output of a refused rendering", "", built.stdout)
	wantExit(t, run(t, dir, "", "chainlint", "render", "."), 1)
}

// script is an executable beside the kustomization, and a configuration that runs it.
func script(t *testing.T, dir, name, body string) {
	t.Helper()
	put(t, filepath.Join(dir, name+".sh"), "#!/bin/sh\n"+body+"\n")
	if err := os.Chmod(filepath.Join(dir, name+".sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, name+".yaml"), `apiVersion: example.com/v1
kind: Function
metadata:
  name: `+name+`
  annotations:
    config.kubernetes.io/function: |
      exec:
        path: ./`+name+`.sh
`)
}

// TestKustomizeValidators pins that `validators:` is broken for every function, even for cat
// (kustomize#5036): the host puts annotations on what comes back and then finds it changed. It passes
// behind another function, provided that one left the keys sorted, as the host compares their order, too.
// Should one of these cases change, the documentation can recommend validators.
func TestKustomizeValidators(t *testing.T) {
	for _, c := range []struct {
		name, transformers, validator string
		code                          int
	}{
		{"cat", "", "same.yaml", 1},
		{"chainlint, which would change nothing", "", "chainrender.yaml", 1},
		{"cat behind cat", "cat.yaml", "same.yaml", 0},
		{"cat behind a function that sorts", "sorted.yaml", "same.yaml", 0},
		{"cat behind a function that appends", "appended.yaml", "same.yaml", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := validatorsDir(t, c.transformers, c.validator)
			built := kustomizeOnce(t, dir)
			wantExit(t, built, c.code)
			if c.code > 0 {
				wantText(t, built.stderr, "validator shouldn't modify the resource map: nodes unequal")
			}
		})
	}
}

// validatorsDir is an overlay whose eni-config is rendered already.
func validatorsDir(t *testing.T, transformers, validator string) string {
	t.Helper()
	dir := copied(t, "overlays/private-host-ports")
	edit(t, filepath.Join(dir, "chainrender.yaml"), "  rollout: Annotate\n", "")
	put(t, filepath.Join(dir, "eni-config.yaml"), strings.Split(get(t, filepath.Join(dir, "rendered/eni-config.yaml")), "---\n")[0])
	put(t, filepath.Join(dir, "kustomization.yaml"),
		"resources: [eni-config.yaml, intents.yaml, facts.yaml]\ntransformers: ["+transformers+"]\nvalidators: ["+validator+"]\n")
	script(t, dir, "cat", "cat")
	script(t, dir, "same", "cat")
	const last = `s/^    in_cluster_loadbalance:.*/`
	script(t, dir, "sorted", "sed '"+last+`&\n    zzz: "1"/'`)
	script(t, dir, "appended", "sed '"+last+`&\n    aaa: "1"/'`)
	return dir
}

// kustomizeOnce is for builds whose complaint holds an address in memory.
func kustomizeOnce(t *testing.T, dir string) outcome {
	t.Helper()
	binary, err := kustomizeBinary()
	if err != nil {
		t.Fatal(err)
	}
	return run(t, dir, "", append(append([]string{binary, "build"}, bothFlags...), ".")...)
}

// TestKustomizeOrigins: with originAnnotations the function learns the file, and can name it.
func TestKustomizeOrigins(t *testing.T) {
	dir := examples(t)
	edit(t, filepath.Join(dir, "kustomization.yaml"), "transformers:\n", "buildMetadata: [originAnnotations]\ntransformers:\n")
	built := kustomize(t, dir, bothFlags...)
	wantExit(t, built, 0)
	wantEqual(t, "data", data(t, get(t, filepath.Join(dir, "rendered/eni-config.yaml"))), data(t, built.stdout))
	edit(t, filepath.Join(dir, "intents.yaml"), "exposure", "exposur")
	built = kustomize(t, dir, bothFlags...)
	wantExit(t, built, 1)
	wantText(t, built.stderr, "intents.yaml: ChainIntent host-ports", "exposure")
}

// TestKustomizeBareIntent: an intent is configuration enough where the facts are unambiguous.
func TestKustomizeBareIntent(t *testing.T) {
	dir := copied(t, "overlays/private-host-ports")
	put(t, filepath.Join(dir, "eni-config.yaml"), get(t, "base/eni-config.yaml"))
	edit(t, filepath.Join(dir, "intents.yaml"), localConfigLine, "    config.kubernetes.io/function: |\n      exec: {path: chainlint}\n")
	put(t, filepath.Join(dir, "kustomization.yaml"), "resources: [eni-config.yaml, facts.yaml]\ntransformers: [intents.yaml]\n")
	built := kustomize(t, dir, bothFlags...)
	wantExit(t, built, 0)
	wantEqual(t, "data", data(t, get(t, filepath.Join(dir, "rendered/eni-config.yaml"))), data(t, built.stdout))
	if err := os.Remove(filepath.Join(dir, "chainrender.yaml")); err != nil {
		t.Fatal(err)
	}
	alone := run(t, dir, "", "chainlint", "render", ".")
	wantExit(t, alone, 0)
	wantEqual(t, "chainlint render against kustomize build", built.stdout, alone.stdout)
}
