// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// validated is an overlay that kpt only lints.
func validated(t *testing.T, dir string) string {
	t.Helper()
	dir = copied(t, dir)
	edit(t, filepath.Join(dir, "Kptfile"), "  mutators:\n  - exec: chainlint\n    configPath: chainrender.yaml\n", "")
	return dir
}

func breakChain(t *testing.T, dir string) {
	t.Helper()
	edit(t, filepath.Join(dir, "rendered/eni-config.yaml"), capability, `"portMappings": false`)
}

// TestKptLint: as a validator the linter fails the pipeline on a broken chain, and leaves every file alone.
// That it passes on all overlays is in TestKptOverlays.
func TestKptLint(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir string)
		code   int
		said   []string
	}{
		{"good", func(*testing.T, string) {}, 0, []string{"[PASS]"}},
		{"broken", breakChain, 1, []string{"[FAIL]", "Exit code: 1", "[error] v1/ConfigMap/kube-system/eni-config data.10-terway\\.conflist: portmap-capability-missing: "}},
		{"configuration of the command beside it", func(t *testing.T, dir string) {
			put(t, filepath.Join(dir, ".chainlint.yaml"), "apiVersion: chainlint.dev/v1alpha1\nkind: LintConfig\nmetadata: {name: lint, annotations: {config.kubernetes.io/local-config: \"true\"}}\nspec: {}\n")
		}, 0, []string{"[PASS]"}},
		{"waived", func(t *testing.T, dir string) {
			breakChain(t, dir)
			put(t, filepath.Join(dir, "chainlint.yaml"), get(t, filepath.Join(dir, "chainlint.yaml"))+
				"spec:\n  asOf: 2027-01-31\n  waivers:\n  - {rule: portmap-capability-missing, reason: known, until: 2027-01-31, paths: [rendered]}\n")
		}, 0, []string{"[PASS]", "[info] v1/ConfigMap/kube-system/eni-config data.10-terway\\.conflist: portmap-capability-missing: "}},
		{"expired", func(t *testing.T, dir string) {
			breakChain(t, dir)
			put(t, filepath.Join(dir, "chainlint.yaml"), get(t, filepath.Join(dir, "chainlint.yaml"))+
				"spec:\n  asOf: 2027-02-01\n  waivers:\n  - {rule: portmap-capability-missing, reason: known, until: 2027-01-31}\n")
		}, 1, []string{"[FAIL]", "portmap-capability-missing", "waiver-expired"}},
		{"a key twice", func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "rendered/eni-config.yaml"), "  disable_network_policy:", "  in_cluster_loadbalance: \"false\"\n  disable_network_policy:")
		}, 1, []string{"[FAIL]", "yaml-key-twice"}},
		{"no eni-config", func(t *testing.T, dir string) {
			put(t, filepath.Join(dir, "rendered/eni-config.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n")
		}, 1, []string{"[FAIL]", "Exit code: 2", "no-eni-config"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := validated(t, "overlays/private-host-ports")
			c.change(t, dir)
			before := tree(t, dir)
			for range 2 {
				linted := kptRender(t, dir)
				wantExit(t, linted, c.code)
				wantText(t, linted.said(), c.said...)
				discreet(t, linted.said())
				if lines := strings.Count(linted.said(), "chainlint: "); lines > 1 {
					t.Errorf("kpt shows the results, and %d lines of stderr beside them:\n%s", lines, linted.said())
				}
				wantEqual(t, "files", before, tree(t, dir))
			}
		})
	}
}

// TestKptLintBehindRendering: a validator sees what the mutators made.
func TestKptLintBehindRendering(t *testing.T) {
	dir := copied(t, "overlays/private-host-ports")
	breakChain(t, dir)
	for range 2 {
		wantExit(t, kptRender(t, dir), 0)
		wantEqual(t, "the chain", get(t, "overlays/private-host-ports/rendered/eni-config.yaml"), get(t, filepath.Join(dir, "rendered/eni-config.yaml")))
	}
}

// TestKptLintResults: what CI reads instead of the screen has every tag.
func TestKptLintResults(t *testing.T) {
	dir := validated(t, "overlays/private-host-ports")
	breakChain(t, dir)
	for range 2 {
		results := t.TempDir()
		wantExit(t, kpt(t, dir, "render", "--allow-exec", "--results-dir", results, "."), 1)
		var list struct {
			ExitCode int `yaml:"exitCode"`
			Items    []struct {
				Results []struct {
					Message, Severity string
					ResourceRef       map[string]string `yaml:"resourceRef"`
					Field, File       map[string]any
					Tags              map[string]string
				}
			}
		}
		if err := yaml.Unmarshal([]byte(get(t, filepath.Join(results, "results.yaml"))), &list); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, "exit code", 1, list.ExitCode)
		r := list.Items[0].Results[0]
		wantText(t, r.Message, "portmap-capability-missing: ")
		wantText(t, r.Tags["docs"], "#portmap-capability-missing")
		delete(r.Tags, "docs")
		wantEqual(t, "severity", "error", r.Severity)
		wantEqual(t, "object", map[string]string{"apiVersion": "v1", "kind": "ConfigMap", "namespace": "kube-system", "name": "eni-config"}, r.ResourceRef)
		wantEqual(t, "field", map[string]any{"path": `data.10-terway\.conflist`}, r.Field)
		wantEqual(t, "file", map[string]any{"path": "rendered/eni-config.yaml"}, r.File)
		wantEqual(t, "tags", map[string]string{
			"rule": "portmap-capability-missing", "impact": "silent", "pointer": "/plugins/1/capabilities/portMappings",
			"line": "14", "column": "25", "endLine": "14", "endColumn": "30",
		}, r.Tags)
	}
}

// TestKptEvalLint: kpt fn eval prints the results, too, but does not say who it is.
func TestKptEvalLint(t *testing.T) {
	dir := copied(t, "overlays/private-host-ports")
	config := filepath.Join(dir, "chainlint.yaml")
	wantExit(t, kpt(t, dir, "eval", "--exec", "chainlint", "--fn-config", config, "."), 0)
	breakChain(t, dir)
	before := tree(t, dir)
	for range 2 {
		failed := kpt(t, dir, "eval", "--exec", "chainlint", "--fn-config", config, ".")
		wantExit(t, failed, 1)
		wantText(t, failed.said(), "[FAIL]", "Exit code: 1", "chainlint: 1 error: rendered/eni-config.yaml: 10-terway.conflist, line 14, column 25")
		wantEqual(t, "files", before, tree(t, dir))
	}
}
