// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/internal/plugins"
	"github.com/chainlint/chainlint/pkg/conflist"
)

// TestBinariesDecodeWhatTheTableSays sends the plugins of every release keys with values of all types, and no
// result to work on. A key that a plugin has makes it complain of the type, by the key's name; then, and only
// then, must [CheckKeys] complain. Nothing else can happen: without a result a chained plugin does nothing.
func TestBinariesDecodeWhatTheTableSays(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("running every release of the plugins takes Linux and its time")
	}
	for _, version := range plugins.Releases {
		t.Run(version, func(t *testing.T) {
			dir, err := plugins.Dir(t.Context(), version)
			if err != nil {
				t.Skip(err)
			}
			t.Parallel()
			for plugin := range pluginKeys {
				for _, probe := range probes(plugin) {
					entry := fmt.Sprintf(`{"cniVersion":"0.4.0","name":"probe","type":%q,%q:%s}`, plugin, probe.key, probe.value)
					node, err := conflist.Parse(entry)
					if err != nil {
						t.Fatal(err)
					}
					said := slices.ContainsFunc(CheckKeys(node, version), KeyProblem.Fails)
					if complaint := ask(t, filepath.Join(dir, plugin), entry, probe.key); said != (complaint != "") {
						t.Errorf("%s: the table lets it fail: %v, the plugin says %q", entry, said, complaint)
					}
				}
			}
		})
	}
}

type probe struct{ key, value string }

// probes are the plugin's own keys with values of all types, and the keys of the others, and words beside
// them, with values that no key takes but one for objects, and one for lists.
func probes(plugin string) []probe {
	own := names(slices.Concat(pluginKeys[plugin], runtimeKeys[plugin]))
	foreign := []string{"runtimeConfig", "args", "sysctls", "masq", "markMask", "gateways", "addSourceHints", "conditions"}
	for _, keys := range pluginKeys {
		foreign = append(foreign, names(keys)...)
	}
	slices.Sort(foreign)
	var all []probe
	for _, key := range own {
		for _, value := range []string{"{}", "[]", `""`, "true", "7", "-1", "1.5", "4294967296", "[1]", `["x"]`, `{"a":1}`, "null"} {
			all = append(all, probe{key, value})
		}
		all = append(all, probe{strings.ToUpper(key), "{}"}, probe{strings.ToUpper(key), "[1]"})
	}
	for _, key := range slices.Compact(foreign) {
		if !slices.Contains(own, key) {
			all = append(all, probe{key, "{}"}, probe{key, "[1]"})
		}
	}
	return all
}

var complaintPattern = regexp.MustCompile(`cannot unmarshal .* into Go struct field (\S+) of type`)

// ask is the plugin's complaint about the type of a key, "" where it has none.
func ask(t *testing.T, binary, entry, key string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=probe", "CNI_NETNS=/proc/self/ns/net", "CNI_IFNAME=eth0", "CNI_PATH=/nowhere", "PATH=/nowhere"}
	cmd.Stdin = strings.NewReader(entry)
	out, err := cmd.Output()
	if err == nil {
		t.Errorf("%s: %s takes it without a result", entry, binary)
	}
	m := complaintPattern.FindSubmatch(out)
	if m == nil || !slices.ContainsFunc(strings.Split(string(m[1]), "."), func(part string) bool { return strings.EqualFold(part, key) }) {
		return ""
	}
	return string(m[0])
}
