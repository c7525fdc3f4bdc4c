// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"strings"
	"testing"
)

const (
	lintItem = `- apiVersion: chainlint.dev/v1alpha1
  kind: ChainLint
  metadata:
    name: lint
    annotations:
      config.kubernetes.io/local-config: "true"
`
	chainItem = eniItem + `    10-terway.conflist: |
      {"plugins": [{"cniVersion": "0.4.0", "name": "terway", "type": "terway"}, {"type": "portmap"}]}
`
)

// TestLintForeignItems: what is linted and what is not leaves as the bytes it came in, whatever is found.
func TestLintForeignItems(t *testing.T) {
	for name, item := range foreign {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdin := listHead + factsItem + item + chainItem + item + configured(lintItem)
			o, r := function(t, stdin)
			wantExit(t, o, 1)
			if !strings.HasPrefix(o.stdout, stdin+"results:\n") {
				t.Errorf("an item changed:\n%s", o.stdout)
			}
			wantEqual(t, "rules", "portmap-capability-missing", r.rules()[0])
		})
	}
}

// TestLintForms of one list: other forms than the hosts' are written anew, with the same findings.
func TestLintForms(t *testing.T) {
	stdin := listHead + factsItem + chainItem + configured(lintItem)
	for name, text := range map[string]string{
		"block": stdin, "CRLF": strings.ReplaceAll(stdin, "\n", "\r\n"), "byte order mark": "\ufeff" + stdin,
		"JSON": `{"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "eni-config", "namespace": "kube-system"},
"data": {"eni_conf": "{\"version\": \"1\"}", "10-terway.conf": "{\"type\": \"terway\"}", "10-terway.conflist": "{\"plugins\": [{\"type\": \"terway\"}, {\"type\": \"portmap\"}]}"}}],
"functionConfig": {"apiVersion": "chainlint.dev/v1alpha1", "kind": "ChainLint", "metadata": {"name": "l"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, r := function(t, text)
			wantExit(t, o, 1)
			wantEqual(t, "rules", "portmap-capability-missing", r.rules()[0])
		})
	}
}
