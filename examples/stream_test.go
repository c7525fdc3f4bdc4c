// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The pieces of a stream as kpt and kustomize write them.
const (
	listHead = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n"

	intentItem = `- apiVersion: chainlint.dev/v1alpha1
  kind: ChainIntent
  metadata:
    name: host-ports
    annotations:
      config.kubernetes.io/local-config: "true"
  spec:
    hostPorts:
      exposure: Private
`
	factsItem = `- apiVersion: chainlint.dev/v1alpha1
  kind: ClusterFacts
  metadata:
    name: prod
    annotations:
      config.kubernetes.io/local-config: "true"
  spec:
    kubeProxyMode: iptables
`
	eniItem = `- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: eni-config
    namespace: kube-system
  data:
    eni_conf: |
      {"version": "1", "access_secret": "DUMMY-SECRET"}
    10-terway.conf: |
      {"cniVersion": "0.4.0", "name": "terway", "type": "terway"}
`
	renderItem = `- apiVersion: chainlint.dev/v1alpha1
  kind: ChainRender
  metadata:
    name: render
    annotations:
      config.kubernetes.io/local-config: "true"
  spec: {}
`
	ownItems   = intentItem + factsItem
	goodStream = listHead + ownItems + eniItem
)

// goodData is what goodStream is rendered to.
var goodData = map[string]string{
	"eni_conf": `{"version": "1", "access_secret": "DUMMY-SECRET"}` + "\n",
	confKey:    `{"cniVersion": "0.4.0", "name": "terway", "type": "terway"}` + "\n",
	conflistKey: `{
  "plugins": [
    {
      "cniVersion": "0.4.0",
      "name": "terway",
      "type": "terway"
    },
    {
      "type": "portmap",
      "capabilities": {
        "portMappings": true
      }
    }
  ]
}
`,
}

// configured puts an item's text into functionConfig.
func configured(item string) string {
	return "functionConfig:\n  " + strings.TrimPrefix(item, "- ")
}

// reply is the ResourceList that comes back.
type reply struct {
	APIVersion string      `yaml:"apiVersion"`
	Kind       string      `yaml:"kind"`
	Items      []yaml.Node `yaml:"items"`
	Results    []finding   `yaml:"results"`
}

type finding struct {
	Message  string            `yaml:"message"`
	Severity string            `yaml:"severity"`
	Tags     map[string]string `yaml:"tags"`
}

// eniConfig is Terway's ConfigMap among the items; foreign ones can have its name.
func (r reply) eniConfig(t *testing.T) object {
	t.Helper()
	var found []object
	for _, item := range r.Items {
		var o map[string]any
		if err := item.Decode(&o); err != nil {
			t.Fatal(err)
		}
		if o := object(o); o.at("kind") == "ConfigMap" && o.at("metadata", "name") == "eni-config" && o.at("metadata", "namespace") == "kube-system" {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d eni-configs, want 1", len(found))
	}
	return found[0]
}

// rules of the results, without the one that says what was rendered.
func (r reply) rules() []string {
	var all []string
	for _, f := range r.Results {
		if f.Severity != "info" {
			all = append(all, f.Tags["rule"])
		}
	}
	return all
}

// function runs chainlint as a bare process, checks what holds for every input, and runs it again on
// what came out.
func function(t *testing.T, stdin string, args ...string) (outcome, reply) {
	t.Helper()
	argv := append([]string{"chainlint"}, args...)
	first := run(t, "", stdin, argv...)
	r := complete(t, first)
	again := stdin
	if first.code == 0 {
		again = first.stdout
	}
	second := run(t, "", again, argv...)
	wantEqual(t, "exit code of the second run", first.code, second.code)
	wantEqual(t, "output of the second run", first.stdout, second.stdout)
	return first, r
}

// complete checks the promises of function mode, which hold for every input.
func complete(t *testing.T, o outcome) reply {
	t.Helper()
	var r reply
	if err := yaml.Unmarshal([]byte(o.stdout), &r); err != nil {
		t.Fatalf("stdout is no YAML: %v\nstdout:\n%q\nstderr:\n%s", err, o.stdout, o.stderr)
	}
	if r.Kind != "ResourceList" || r.APIVersion == "" || !strings.Contains(o.stdout, "items:") {
		t.Errorf("stdout is no ResourceList (exit code %d):\n%q", o.code, o.stdout)
	}
	errors := 0
	for _, f := range r.Results {
		if !slices.Contains([]string{"error", "warning", "info"}, f.Severity) {
			t.Errorf("the severity of %q is %q: hosts differ on what a missing one means", f.Message, f.Severity)
		}
		if f.Severity == "error" {
			errors++
		}
		discreet(t, f.Message)
	}
	if (errors > 0) != (o.code > 0) {
		t.Errorf("exit code %d with %d errors in the results:\n%s", o.code, errors, o.stdout)
	}
	readable(t, o)
	return r
}

// readable: kpt shows four lines of stderr, and kustomize glues its own to the last.
func readable(t *testing.T, o outcome) {
	t.Helper()
	lines := strings.Count(o.stderr, "\n")
	if lines > 4 || o.stderr != "" && !strings.HasSuffix(o.stderr, "\n") {
		t.Errorf("stderr has %d lines, or does not end the last one:\n%q", lines, o.stderr)
	}
	if o.code > 0 && o.stderr == "" {
		t.Errorf("exit code %d without a word on stderr", o.code)
	}
	discreet(t, o.stderr)
}

// discreet: eni_conf can hold credentials.
func discreet(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, "DUMMY-SECRET") {
		t.Errorf("a secret is told:\n%s", text)
	}
}
