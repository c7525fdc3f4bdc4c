// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"path/filepath"
	"strings"
	"testing"
)

const capability = `"portMappings": true`

// lintDir is an overlay whose eni-config is rendered already, with the linter as the only function.
func lintDir(t *testing.T) string {
	t.Helper()
	dir := copied(t, "overlays/private-host-ports")
	put(t, filepath.Join(dir, "eni-config.yaml"), get(t, filepath.Join(dir, "rendered/eni-config.yaml")))
	kustomization(t, dir, "transformers: [chainlint.yaml]")
	return dir
}

func kustomization(t *testing.T, dir string, lines ...string) {
	t.Helper()
	put(t, filepath.Join(dir, "kustomization.yaml"), "resources: [eni-config.yaml, facts.yaml]\n"+strings.Join(lines, "\n")+"\n")
}

// TestKustomizeLint: as the last transformer the linter ends the build on a broken chain, and changes nothing
// on a good one.
func TestKustomizeLint(t *testing.T) {
	const firstLine = "chainlint: 1 error: 10-terway.conflist, line 14, column 25 (/plugins/1/capabilities/portMappings): "
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir string)
		code   int
		stderr []string
	}{
		{"good", func(*testing.T, string) {}, 0, nil},
		{"broken", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "eni-config.yaml"), capability, `"portMappings": false`)
		}, 1, []string{firstLine, "[portmap-capability-missing]\nError: couldn't execute function: exit status 1"}},
		{"broken, and nobody minds", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "eni-config.yaml"), capability, `"portMappings": false`)
			put(t, filepath.Join(dir, "chainlint.yaml"), get(t, filepath.Join(dir, "chainlint.yaml"))+"spec: {failOn: never}\n")
		}, 0, []string{firstLine}},
		{"waived in a patch", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "eni-config.yaml"), capability, `"portMappings": false`)
			put(t, filepath.Join(dir, "waiver.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: eni-config\n  namespace: kube-system\n"+
				"  annotations:\n    chainlint.dev/waive.portmap-capability-missing: \"the node team knows; until=2027-01-31\" # comments do not get here\n")
			kustomization(t, dir, "patches: [{path: waiver.yaml}]", "transformers: [chainlint.yaml]")
		}, 0, nil},
		{"renamed by the host", func(t *testing.T, dir string) {
			kustomization(t, dir, "namePrefix: prod-", "transformers: [chainlint.yaml]")
		}, 1, []string{"there is no ConfigMap kube-system/eni-config", "prod-eni-config", "[name-drift]\nError: couldn't execute function: exit status 2"}},
		{"nothing to lint", func(t *testing.T, dir string) {
			put(t, filepath.Join(dir, "kustomization.yaml"), "resources: [facts.yaml]\ntransformers: [chainlint.yaml]\n")
		}, 1, []string{"[no-eni-config]\nError: couldn't execute function: exit status 2"}},
		{"wrong configuration", func(t *testing.T, dir string) {
			put(t, filepath.Join(dir, "chainlint.yaml"), get(t, filepath.Join(dir, "chainlint.yaml"))+"spec: {failon: never}\n")
		}, 1, []string{"did you mean failOn?", "[invalid-field]\nError: couldn't execute function: exit status 2"}},
		{"renamed facts", func(t *testing.T, dir string) {
			put(t, filepath.Join(dir, "facts/facts.yaml"), get(t, filepath.Join(dir, "facts.yaml")))
			put(t, filepath.Join(dir, "facts/kustomization.yaml"), "namePrefix: prod-\nresources: [facts.yaml]\n")
			edit(t, filepath.Join(dir, "facts/facts.yaml"), "portmap, ", "")
			put(t, filepath.Join(dir, "chainlint.yaml"), get(t, filepath.Join(dir, "chainlint.yaml"))+"spec: {factsRef: {name: private-host-ports}}\n")
			put(t, filepath.Join(dir, "kustomization.yaml"), "resources: [eni-config.yaml, facts]\ntransformers: [chainlint.yaml]\n")
		}, 1, []string{"[plugin-not-installed]"}},
		{"with origins", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "eni-config.yaml"), capability, `"portMappings": false`)
			kustomization(t, dir, "buildMetadata: [originAnnotations]", "transformers: [chainlint.yaml]")
		}, 1, []string{"chainlint: 1 error: eni-config.yaml: 10-terway.conflist, line 14"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := lintDir(t)
			c.change(t, dir)
			built := kustomize(t, dir, bothFlags...)
			wantExit(t, built, c.code)
			wantText(t, built.stderr, c.stderr...)
			discreet(t, built.stderr)
			if c.stderr == nil {
				wantEqual(t, "words about a good chain", "", built.stderr)
			}
			if c.code > 0 {
				wantEqual(t, "output of a failed build", "", built.stdout)
				return
			}
			name := filepath.Join(dir, "kustomization.yaml")
			put(t, name, strings.Replace(get(t, name), "transformers: [chainlint.yaml]\n", "", 1))
			wantEqual(t, "a build with the linter and one without", kustomize(t, dir, bothFlags...).stdout, built.stdout)
		})
	}
}

// TestKustomizeLintBehindRendering: a raw plugin that the rendering takes as it is, the linter judges. The
// host has made up paths by then, which nobody must be told.
func TestKustomizeLintBehindRendering(t *testing.T) {
	dir := examples(t)
	put(t, filepath.Join(dir, "intents.yaml"), get(t, filepath.Join(dir, "intents.yaml"))+"  plugins: [{type: tuning, sysctl: {kernel.panic: \"1\"}}]\n")
	built := kustomize(t, dir, bothFlags...)
	if built.code == 0 || built.stdout != "" {
		t.Errorf("exit code %d\n%s", built.code, built.stdout)
	}
	wantText(t, built.stderr, "kernel.panic", "[tuning-sysctl-key]\nError: ")
	if strings.Contains(built.stderr, "configmap_") {
		t.Errorf("a file that is not there is named:\n%s", built.stderr)
	}
}

// TestKustomizeLintValidators pins what the host does with the linter under `validators:`, see
// TestKustomizeValidators. Worse than that a good chain fails: the host then prints the whole object, eni_conf
// and its credentials included. So the documentation says transformers.
func TestKustomizeLintValidators(t *testing.T) {
	for _, c := range []struct {
		name, transformers string
		broken             bool
		code               int
		stderr             string
	}{
		{"a good chain", "", false, 1, "validator shouldn't modify the resource map: nodes unequal"},
		{"a broken chain", "", true, 1, "[portmap-capability-missing]\nError: couldn't execute function: exit status 1"},
		{"a good chain behind a function", "cat.yaml", false, 0, ""},
		{"a broken chain behind a function", "cat.yaml", true, 1, "[portmap-capability-missing]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := lintDir(t)
			script(t, dir, "cat", "cat")
			kustomization(t, dir, "transformers: ["+c.transformers+"]", "validators: [chainlint.yaml]")
			if c.broken {
				edit(t, filepath.Join(dir, "eni-config.yaml"), capability, `"portMappings": false`)
			}
			for range 2 {
				built := kustomizeOnce(t, dir)
				wantExit(t, built, c.code)
				wantText(t, built.stderr, c.stderr)
				if strings.Contains(built.stderr, "DUMMY-SECRET") != strings.Contains(c.stderr, "nodes unequal") {
					t.Errorf("credentials in what the host says:\n%s", built.stderr)
				}
			}
		})
	}
}
