// SPDX-License-Identifier: Apache-2.0

package target

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/render"
)

// Words say an intent for people, a line for each wish; nil for one without any.
func Words(in render.IntentSpec) []string {
	var words []string
	if in.HostPorts != nil {
		words = hostPortWords(*in.HostPorts)
	}
	switch in.IPv6LinkLocal {
	case render.Disabled:
		words = append(words, "no IPv6 address on any interface of a pod")
	case render.Kernel:
		words = append(words, "IPv6 link-local addresses as the kernel gives them")
	}
	for _, name := range slices.Sorted(maps.Keys(in.Sysctls)) {
		words = append(words, fmt.Sprintf("sysctl %s = %s", name, in.Sysctls[name]))
	}
	for _, raw := range in.Plugins {
		words = append(words, "plugin "+typeOf(raw))
	}
	return words
}

func hostPortWords(hp render.HostPorts) []string {
	words := []string{"host ports, reachable privately"}
	if hp.Exposure == render.Public {
		words[0] = "host ports, reachable publicly"
	}
	switch {
	case hp.MasqAll != nil && *hp.MasqAll:
		words = append(words, "masqAll: clients appear as the node")
	case hp.MasqAll != nil:
		words = append(words, "no masqAll: clients keep their address")
	}
	if hp.Backend != "" {
		words = append(words, "portmap with its backend "+hp.Backend)
	}
	if hp.MarkChain != "" {
		words = append(words, "packets to masquerade go through the chain "+hp.MarkChain)
	}
	if settings := symmetricWords(hp.SymmetricRouting); settings != "" {
		words = append(words, "symmetric routing with "+settings)
	}
	return words
}

// symmetricWords are the settings that are not left to Terway.
func symmetricWords(sr *render.SymmetricRouting) string {
	if sr == nil {
		return ""
	}
	var set []string
	for _, s := range []struct {
		name  string
		value any
		zero  bool
	}{
		{"interface", sr.Interface, sr.Interface == ""},
		{"mark", sr.Mark, sr.Mark == 0},
		{"mask", sr.Mask, sr.Mask == 0},
		{"table", sr.TableID, sr.TableID == 0},
		{"rule priority", sr.RulePriority, sr.RulePriority == 0},
		{"backend", sr.Backend, sr.Backend == ""},
	} {
		if !s.zero {
			set = append(set, fmt.Sprintf("%s %v", s.name, s.value))
		}
	}
	return strings.Join(set, ", ")
}

func typeOf(raw json.RawMessage) string {
	entry, err := conflist.Parse(string(raw))
	if err != nil || entry.Get("type").String() == "" {
		return "without a type"
	}
	return entry.Get("type").String()
}
