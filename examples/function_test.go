// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rendered checks that a stream is rendered to goodData.
func rendered(t *testing.T, stdin string, args ...string) (outcome, reply) {
	t.Helper()
	o, r := function(t, stdin, args...)
	wantExit(t, o, 0)
	wantEqual(t, "data", goodData, r.eniConfig(t).texts())
	return o, r
}

// TestFunctionVersions: answered in the version received, with and without the name of the command.
func TestFunctionVersions(t *testing.T) {
	for _, version := range []string{"config.kubernetes.io/v1", "config.kubernetes.io/v1beta1"} {
		for _, args := range [][]string{nil, {"fn"}} {
			_, r := rendered(t, strings.Replace(goodStream, "config.kubernetes.io/v1", version, 1), args...)
			wantEqual(t, "apiVersion", version, r.APIVersion)
			wantEqual(t, "results", []finding{{Message: "rendered " + conflistKey, Severity: "info"}}, r.Results)
		}
	}
}

// TestFunctionForms of one list that hosts and people may write.
func TestFunctionForms(t *testing.T) {
	indented := listHead + "  " + strings.TrimSuffix(strings.ReplaceAll(ownItems+eniItem, "\n", "\n  "), "  ")
	for name, stdin := range map[string]string{
		"block":                   goodStream,
		"indented items":          indented,
		"document marker":         "---\n" + goodStream,
		"no final newline":        strings.TrimSuffix(goodStream+configured(renderItem), "\n"),
		"CRLF":                    strings.ReplaceAll(goodStream, "\n", "\r\n"),
		"byte order mark":         "\ufeff" + goodStream,
		"end marker":              goodStream + "...\n",
		"comment first":           "# from a host\n" + goodStream,
		"comment between items":   listHead + ownItems + "# the base\n" + eniItem,
		"blank line between":      listHead + ownItems + "\n" + eniItem + "\n",
		"kind first":              "kind: ResourceList\n" + strings.Replace(goodStream, "kind: ResourceList\n", "", 1),
		"quoted keys":             strings.Replace(goodStream, "items:", `"items":`, 1),
		"comment behind items":    strings.Replace(goodStream, "items:", "items: # all", 1),
		"functionConfig first":    configured(renderItem) + goodStream,
		"functionConfig last":     goodStream + configured(renderItem),
		"functionConfig null":     goodStream + "functionConfig: null\n",
		"empty functionConfig":    goodStream + "functionConfig: {}\n",
		"results from before":     goodStream + "results:\n- message: old\n  severity: error\n",
		"functionConfig in flow":  goodStream + "functionConfig: {apiVersion: chainlint.dev/v1alpha1, kind: ChainRender, metadata: {name: r}}\n",
		"kpt's empty ConfigMap":   goodStream + "functionConfig:\n  metadata:\n    name: function-input\n  data: {}\n  kind: ConfigMap\n  apiVersion: v1\n",
		"Kptfile among the items": listHead + "- apiVersion: kpt.dev/v1\n  kind: Kptfile\n  metadata:\n    name: p\n  pipeline:\n    mutators:\n    - exec: chainlint\n" + ownItems + eniItem,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rendered(t, stdin)
		})
	}
}

// TestFunctionJSON: flow style is JSON, too.
func TestFunctionJSON(t *testing.T) {
	const stdin = `{"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [
{"apiVersion": "chainlint.dev/v1alpha1", "kind": "ChainIntent", "metadata": {"name": "i", "annotations": {"config.kubernetes.io/local-config": "true"}}, "spec": {"hostPorts": {"exposure": "Private"}}},
{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "eni-config", "namespace": "kube-system"}, "data": {
"eni_conf": "{\"version\": \"1\", \"access_secret\": \"DUMMY-SECRET\"}\n", "10-terway.conf": "{\"cniVersion\": \"0.4.0\", \"name\": \"terway\", \"type\": \"terway\"}\n"}}],
"functionConfig": {"apiVersion": "chainlint.dev/v1alpha1", "kind": "ChainRender", "metadata": {"name": "r"}, "spec": {"facts": {"kubeProxyMode": "iptables"}}}}`
	for _, text := range []string{stdin, stdin + "\n", strings.ReplaceAll(stdin, "\n", "")} {
		rendered(t, text)
	}
}

// TestFunctionRefusesStreams: what is no list, or no text. Exit 2 says wrong input, 3 unreadable input.
func TestFunctionRefusesStreams(t *testing.T) {
	for _, c := range []struct {
		name, stdin string
		code        int
	}{
		{"empty", "", 2},
		{"blank", " \n\n", 2},
		{"only a comment", "# nothing\n", 2},
		{"only a marker", "---\n", 2},
		{"NUL bytes", "a\x00b", 3},
		{"NUL bytes in a list", strings.Replace(goodStream, "Private", "Pri\x00vate", 1), 3},
		{"no UTF-8", "\xff\xfe\x00", 3},
		{"no UTF-8 in a list", strings.Replace(goodStream, "Private", "Pri\xffvate", 1), 3},
		{"no YAML", "{[}:\n\t- x", 3},
		{"an alias of nothing", "a: *b\n", 3},
		{"a log line", "starting function\n", 3},
		{"a log line before a list", "starting function\n" + goodStream, 3},
		{"a sequence", "- a\n", 3},
		{"a mapping of nothing", "{}", 2},
		{"a bare ConfigMap", strings.ReplaceAll(strings.Replace(eniItem, "- ", "", 1), "\n  ", "\n"), 2},
		{"two documents", goodStream + "---\n" + goodStream, 2},
		{"another version", strings.Replace(goodStream, "io/v1", "io/v1alpha1", 1), 2},
		{"another kind", strings.Replace(goodStream, "ResourceList", "List", 1), 2},
		{"items as a mapping", strings.Replace(listHead, "items:", "items: {}", 1), 2},
		{"items as texts", listHead + "- eni-config\n", 2},
		{"one key twice", goodStream + "kind: ResourceList\n", 3},
		{"an unreadable item", strings.Replace(goodStream, "exposure: Private", "exposure: [Private", 1), 3},
		{"an alias bomb", bomb(), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, _ := function(t, c.stdin)
			if o.code != c.code {
				t.Errorf("exit code %d, want %d", o.code, c.code)
			}
			wantEqual(t, "a rendering", false, strings.Contains(o.stdout, conflistKey+": |"))
		})
	}
}

// bomb is an intent which aliases blow up to 10^9 values.
func bomb() string {
	text := listHead + strings.Replace(intentItem, "    hostPorts:\n      exposure: Private\n", "", 1) + "    a0: &a0 [x, x]\n"
	for i := 1; i < 10; i++ {
		text += fmt.Sprintf("    a%d: &a%d [%s]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10))
	}
	return text
}

// TestFunctionNothing: hosts that have nothing to say give /dev/null, which is no terminal.
func TestFunctionNothing(t *testing.T) {
	for _, args := range [][]string{nil, {"fn"}} {
		cmd := exec.Command("chainlint", args...) // Stdin nil is /dev/null
		var stderr strings.Builder
		cmd.Stderr = &stderr
		stdout, _ := cmd.Output()
		o := outcome{string(stdout), stderr.String(), cmd.ProcessState.ExitCode()}
		wantExit(t, o, 2)
		complete(t, o)
	}
}

// TestFunctionFullDisk: half a list with exit 0 would make kpt delete files.
func TestFunctionFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = full.Close() }()
	cmd := exec.Command("chainlint")
	cmd.Stdin, cmd.Stdout = strings.NewReader(goodStream), full
	_ = cmd.Run()
	wantEqual(t, "exit code", 3, cmd.ProcessState.ExitCode())
}

// TestFunctionManyProblems: kpt cuts stderr after four lines, so the last one counts the rest.
func TestFunctionManyProblems(t *testing.T) {
	fields := ""
	for i := range 10 {
		fields += fmt.Sprintf("    unknown%d: x\n", i)
	}
	stdin := listHead + intentItem + fields + factsItem + eniItem
	o, r := function(t, stdin)
	wantExit(t, o, 2)
	wantText(t, o.stderr, "unknown0", "ChainIntent host-ports", "[invalid-field]", "7 more")
	wantEqual(t, "results", slices.Repeat([]string{"invalid-field"}, 10), r.rules())
	if !strings.HasPrefix(o.stdout, stdin) {
		t.Errorf("a refused list does not come back as it was:\n%s", o.stdout)
	}
}
