// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// askedSpecs are about wishes that name a plugin's own settings, or that nothing be done: what an intent says is on
// the node, whatever packets happen to do.
var askedSpecs = []Spec{
	{
		ID: "INT-001", Name: "the list on the node has the settings that the intent names", Level: Core, For: WantSettings, Evidence: 1,
		Why: "An intent may name portmap's backend, a mark chain, the numbers of symmetric routing, or whole entries. Packets can pass without them until the day for which they were asked for, so the list itself is read.",
		Run: (*T).settings,
	},
	{
		ID: "LL-033", Name: "a pod has the IPv6 link-local addresses that the kernel gives", Level: Core, For: WantKernelIPv6, Needs: []Feature{IPv6}, Evidence: 2,
		Why: "The intent asks that the chain leaves IPv6 alone: software that uses link-local addresses, or ::1, needs them.",
		Run: (*T).kernelIPv6,
	},
}

// settings holds the list against the settings of the intent.
func (t *T) settings() {
	var list struct {
		Plugins []map[string]any `json:"plugins"`
	}
	about := t.Env.About()
	if err := json.Unmarshal([]byte(about.Conflist), &list); err != nil {
		t.Start(PodSpec{}) // says why there is no list
		t.Inconclusive("harness", "the list on the node cannot be read: %v", err)
	}
	if ports := t.Intent.HostPorts; ports != nil && ports.Backend != "" {
		t.Read("node", "portmap's backend", about.Backend, ports.Backend)
		if about.Backend != ports.Backend {
			t.FailHint("not-set", settingsHint, "the intent asks for the backend %s, and portmap on the node uses %q", ports.Backend, about.Backend)
		}
	}
	for _, w := range t.wantedMembers() {
		got := "absent"
		for _, entry := range list.Plugins {
			if entry["type"] == w.plugin {
				got = compact(w.of(entry))
			}
		}
		t.Read("node", w.name(), got, compact(w.value))
		if got != compact(w.value) {
			t.FailHint("not-set", settingsHint, "the intent asks for %s = %s, and the list on the node has %s", w.name(), compact(w.value), got)
		}
	}
}

const settingsHint = "render the intent again; chainlint render --check tells what differs"

// wantedMember is a member of a plugin's entry that an intent asks for; member "" is the whole entry.
type wantedMember struct {
	plugin, member string
	value          any
}

func (w wantedMember) name() string { return strings.TrimSuffix(w.plugin+"."+w.member, ".") }

// of is the member of an entry, nil where it has none.
func (w wantedMember) of(entry map[string]any) any {
	value := any(entry)
	for _, name := range strings.Split(w.member, ".") {
		members, ok := value.(map[string]any)
		if name != "" && ok {
			value = members[name]
		}
	}
	return value
}

func compact(value any) string {
	text, err := json.Marshal(value)
	if value == nil || err != nil {
		return "absent"
	}
	return string(text)
}

// wantedMembers of the intent, in the spelling of the list.
func (t *T) wantedMembers() []wantedMember {
	var all []wantedMember
	if ports := t.Intent.HostPorts; ports != nil {
		if ports.MarkChain != "" {
			all = append(all, wantedMember{cni.Portmap, "externalSetMarkChain", ports.MarkChain})
		}
		if s := ports.SymmetricRouting; s != nil {
			all = append(all, symmetricMembers(terway.SymmetricConfig{
				Interface: s.Interface, Mark: s.Mark, Mask: s.Mask, TableID: s.TableID, RulePriority: s.RulePriority, Backend: s.Backend,
			})...)
		}
	}
	for _, raw := range t.Intent.Plugins {
		var entry map[string]any
		if json.Unmarshal(raw, &entry) == nil {
			all = append(all, wantedMember{fmt.Sprint(entry["type"]), "", withoutInjected(entry)})
		}
	}
	return all
}

func symmetricMembers(c terway.SymmetricConfig) []wantedMember {
	var members map[string]any
	text, err := json.Marshal(c)
	if err != nil || json.Unmarshal(text, &members) != nil {
		return nil
	}
	var all []wantedMember
	for _, key := range []string{"interface", "mark", "mask", "table_id", "rule_priority", "backend"} {
		if value, ok := members[key]; ok {
			all = append(all, wantedMember{terway.PluginType, terway.SymmetricConfigKey + "." + key, value})
		}
	}
	return all
}

// withoutInjected is an entry without what Terway deletes of each.
func withoutInjected(entry map[string]any) map[string]any {
	delete(entry, "name")
	delete(entry, "cniVersion")
	return entry
}

// kernelIPv6 looks for what the kernel gives a pod that nobody tuned.
func (t *T) kernelIPv6() {
	pod := t.Start(PodSpec{Ports: []Port{{Protocol: probe.TCP, Container: 8080}}})
	seen, err := pod.Look(t, "net.ipv6.conf.default.disable_ipv6", "net.ipv6.conf.eth0.disable_ipv6", "net.ipv6.conf.lo.disable_ipv6")
	t.Must(err)
	for _, name := range []string{"default", "eth0", "lo"} {
		got := seen.Sysctls["net.ipv6.conf."+name+".disable_ipv6"]
		t.Read("pod", "disable_ipv6 of "+name, got, "0")
		if got != "0" {
			t.FailHint("ipv6-off", "tuning switches IPv6 off, which the intent forbids (ipv6LinkLocal: Kernel)", "the pod's net.ipv6.conf.%s.disable_ipv6 is %q: expected 0, as the kernel has it", name, got)
		}
	}
	t.Stop(pod)
}
