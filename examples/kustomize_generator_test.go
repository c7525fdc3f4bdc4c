// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"path/filepath"
	"testing"
)

// generator is a ChainRender with everything in it: kustomize hands a generator no resources.
const generator = `apiVersion: chainlint.dev/v1alpha1
kind: ChainRender
metadata:
  name: render
  annotations:
    config.kubernetes.io/function: |
      exec:
        path: chainlint
spec:
  facts:
    kubeProxyMode: iptables
    terway:
      version: v1.15.0
      datapath: veth
` + generatorConf + `  intents:
  - name: host-ports
    spec:
      hostPorts:
        exposure: Private
`

const generatorConf = `      conf: |
        {
          "cniVersion": "0.4.0",
          "name": "terway",
          "type": "terway",
          "capabilities": {"bandwidth": true}
        }
`

const mergeAnnotation = `    kustomize.config.k8s.io/behavior: merge
`

// generatorDir holds a kustomization around the generator, which gets an annotation line.
func generatorDir(t *testing.T, kustomization, annotation string) string {
	t.Helper()
	dir := dirWith(t, map[string]string{"kustomization.yaml": kustomization, "chainrender.yaml": generator})
	put(t, filepath.Join(dir, "eni-config.yaml"), get(t, "base/eni-config.yaml"))
	edit(t, filepath.Join(dir, "chainrender.yaml"), "  annotations:\n", "  annotations:\n"+annotation)
	return dir
}

// TestKustomizeGenerator: the chain alone is a partial eni-config, and says so to Argo CD and Flux.
func TestKustomizeGenerator(t *testing.T) {
	built := kustomize(t, generatorDir(t, "generators: [chainrender.yaml]\n", ""), bothFlags...)
	wantExit(t, built, 0)
	noLeak(t, built.stdout)
	wantEqual(t, "documents", 1, len(decode(t, built.stdout)))
	committed := data(t, get(t, "overlays/private-host-ports/rendered/eni-config.yaml"))
	wantEqual(t, "data", map[string]string{conflistKey: committed[conflistKey]}, data(t, built.stdout))
	metadata := decode(t, built.stdout)[0]["metadata"]
	wantEqual(t, "metadata", any(map[string]any{
		"name": "eni-config", "namespace": "kube-system",
		"annotations": map[string]any{
			"chainlint.dev/partial":             "true",
			"argocd.argoproj.io/sync-options":   "ServerSideApply=true,Prune=false",
			"kustomize.toolkit.fluxcd.io/ssa":   "Merge",
			"kustomize.toolkit.fluxcd.io/prune": "disabled",
		},
	}), metadata)
}

// TestKustomizeGeneratorMerges into the eni-config among the resources: eni_conf must survive.
func TestKustomizeGeneratorMerges(t *testing.T) {
	dir := generatorDir(t, "resources: [eni-config.yaml]\ngenerators: [chainrender.yaml]\n", mergeAnnotation)
	built := kustomize(t, dir, bothFlags...)
	wantExit(t, built, 0)
	noLeak(t, built.stdout)
	wantEqual(t, "data", data(t, get(t, "overlays/private-host-ports/rendered/eni-config.yaml")), data(t, built.stdout))
	wantEqual(t, "annotations", "", decode(t, built.stdout)[0].at("metadata", "annotations", "chainlint.dev/partial"))
}

// TestKustomizeGeneratorFails loudly in all of these.
func TestKustomizeGeneratorFails(t *testing.T) {
	const both = "resources: [eni-config.yaml]\ngenerators: [chainrender.yaml]\n"
	for _, c := range []struct{ name, kustomization, annotation, old, text, stderr string }{
		{"eni-config in resources, no behavior", both, "", "", "", "behavior must be merge or replace"},
		{"behavior: create", both, "    kustomize.config.k8s.io/behavior: create\n", "", "", "exists"},
		// It would replace eni_conf, too, by nothing.
		{"behavior: replace", both, "    kustomize.config.k8s.io/behavior: replace\n", "", "", "replace"},
		{"merge into nothing", "generators: [chainrender.yaml]\n", mergeAnnotation, "", "", "does not exist; cannot merge or replace"},
		{"no name", both, "", "  name: render\n", "", "missing metadata.name"},
		{"a fact is missing", both, "", "    kubeProxyMode: iptables\n", "", "kubeProxyMode"},
		{"the text of 10-terway.conf is missing", both, "", generatorConf, "", "terway.conf"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := generatorDir(t, c.kustomization, c.annotation)
			if c.old != "" {
				edit(t, filepath.Join(dir, "chainrender.yaml"), c.old, c.text)
			}
			built := kustomize(t, dir, bothFlags...)
			wantExit(t, built, 1)
			wantText(t, built.stderr, c.stderr)
			wantEqual(t, "output of a failed build", "", built.stdout)
		})
	}
}

// TestKustomizeGeneratorRenamed pins what the host does after the function: a prefix renames what was
// generated, exit 0, and Terway never sees it. The function cannot know; the linter must find it.
func TestKustomizeGeneratorRenamed(t *testing.T) {
	dir := generatorDir(t, "namePrefix: prod-\ngenerators: [chainrender.yaml]\n", "")
	built := kustomize(t, dir, bothFlags...)
	wantExit(t, built, 0)
	wantEqual(t, "name", "prod-eni-config", decode(t, built.stdout)[0].at("metadata", "name"))
}
