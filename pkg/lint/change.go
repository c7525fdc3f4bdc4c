// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Change is one difference between the lists that two ConfigMaps leave on a node.
type Change struct {
	// Pointer into the list after the change, or before it where something is gone.
	Pointer string `json:"pointer"`
	// Before and After are JSON texts, "" where there is nothing.
	Before string   `json:"before,omitempty"`
	After  string   `json:"after,omitempty"`
	Impact Impact   `json:"impact"`
	Level  Severity `json:"severity"`
	// Message says what changes for pods and nodes.
	Message string `json:"message"`
	// Drain says which pods must be gone before the change, "" for none.
	Drain string `json:"drainFirst,omitempty"`
}

// plugin of an effective list, by type and how often that type stood before it.
type plugin struct {
	index  int
	kind   string
	values map[string]any
}

// Compare returns what changes from one effective list to the other. Pods that run keep what they were
// set up with; on their deletion the new list runs, which is why some changes leak rules.
func Compare(before, after string) ([]Change, error) {
	old, err := plugins(before)
	if err != nil {
		return nil, fmt.Errorf("before: %w", err)
	}
	now, err := plugins(after)
	if err != nil {
		return nil, fmt.Errorf("after: %w", err)
	}
	var changes []Change
	for _, name := range union(old, now) {
		o, hadIt := old[name]
		n, hasIt := now[name]
		switch {
		case !hasIt:
			changes = append(changes, removed(o))
		case !hadIt:
			changes = append(changes, added(n))
		default:
			changes = append(changes, members(o, n)...)
		}
	}
	if c, moved := order(old, now); moved {
		changes = append(changes, c)
	}
	for i := range changes {
		changes[i].Level = SeverityOf(changes[i].Impact, false)
	}
	return changes, nil
}

func plugins(text string) (map[string]plugin, error) {
	list, err := conflist.ParseList(text)
	if err != nil {
		return nil, err
	}
	found := map[string]plugin{}
	for _, p := range list.Plugins {
		values := map[string]any{}
		if err := p.Decode(&values); err != nil {
			return nil, err
		}
		name := p.Type()
		for i := 2; ; i++ {
			if _, taken := found[name]; !taken {
				break
			}
			name = fmt.Sprintf("%s#%d", p.Type(), i)
		}
		found[name] = plugin{p.Index, p.Type(), values}
	}
	return found, nil
}

// union of the names: first by place before, then what is new by place after.
func union(old, now map[string]plugin) []string {
	names := byPlace(old)
	for _, name := range byPlace(now) {
		if _, known := old[name]; !known {
			names = append(names, name)
		}
	}
	return names
}

func byPlace(plugins map[string]plugin) []string {
	return slices.SortedFunc(maps.Keys(plugins), func(a, b string) int { return cmp.Compare(plugins[a].index, plugins[b].index) })
}

const drainHostPorts = "pods with host ports"

func removed(p plugin) Change {
	c := Change{
		Pointer: fmt.Sprintf("/plugins/%d", p.index), Before: encode(p.values), Impact: Traffic,
		Message: fmt.Sprintf("%s no longer runs: new pods go without it, and it does not clean up after pods that it set up", p.kind),
	}
	switch p.kind {
	case cni.Portmap:
		c.Message = "new pods get no host ports, and the rules of running pods stay on the node when those pods go: their ports then lead nowhere"
		c.Drain = drainHostPorts
	case cni.Tuning:
		c.Message = "new pods keep the kernel's own sysctls; running pods keep theirs"
	case terway.ChainerType:
		c.Message = "pods leave cilium's datapath: network policy by eBPF no longer applies to new pods"
	case terway.PluginType:
		c.Message = "nobody gives new pods an address"
		c.Impact = AllPods
	}
	return c
}

func added(p plugin) Change {
	c := Change{
		Pointer: fmt.Sprintf("/plugins/%d", p.index), After: encode(p.values), Impact: Hygiene,
		Message: fmt.Sprintf("%s runs for new pods; running pods stay as they are, and its DEL runs for them, too", p.kind),
	}
	switch p.kind {
	case cni.Portmap:
		c.Message = "new pods get the host ports they ask for; running ones get theirs when they are re-created"
	case cni.Tuning:
		c.Message = "new pods get the sysctls; running ones get them when they are re-created"
	case terway.ChainerType:
		c.Impact, c.Message = Traffic, "new pods move to cilium's datapath"
	}
	return c
}

// members compares two entries of one plugin, member by member.
func members(o, n plugin) []Change {
	var changes []Change
	all := maps.Clone(o.values)
	maps.Copy(all, n.values)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if was, is := o.values[key], n.values[key]; !reflect.DeepEqual(was, is) {
			c := member(n.kind, key, was, is)
			c.Pointer = fmt.Sprintf("/plugins/%d/%s", n.index, conflist.EscapePointer(key))
			if _, ok := o.values[key]; ok {
				c.Before = encode(was)
			}
			if _, ok := n.values[key]; ok {
				c.After = encode(is)
			}
			changes = append(changes, c)
		}
	}
	return changes
}

// effects are the members whose change means more than that new pods differ.
var effects = map[string]Change{
	"portmap/backend":                 {Impact: Traffic, Drain: drainHostPorts, Message: "portmap cleans up in the new firewall only: rules that it made in the old one stay"},
	"portmap/externalSetMarkChain":    {Impact: Traffic, Drain: drainHostPorts, Message: "the mark that masquerades host-port traffic is set elsewhere"},
	"portmap/markMasqBit":             {Impact: Traffic, Drain: drainHostPorts, Message: "two mark bits pile up in portmap's shared chains while old pods run"},
	"portmap/masqAll":                 {Impact: Traffic, Message: "whether pods see the client's address changes"},
	"portmap/snat":                    {Impact: Traffic, Message: "whether host-port traffic is masqueraded changes"},
	"portmap/capabilities":            {Impact: Traffic, Drain: drainHostPorts, Message: "whether portmap is told of host ports changes"},
	"terway/eniip_virtual_type":       {Impact: Traffic, Message: "new nodes, and nodes after a reboot, use another datapath"},
	"terway/bandwidth_mode":           {Impact: Hygiene, Message: "bandwidth limits of new pods are set in another way"},
	"terway/symmetric_routing_config": {Impact: Traffic, Message: "new rules come beside the old ones, which stay until the node is rebooted"},
}

func member(kind, key string, was, is any) Change {
	if c, ok := effects[kind+"/"+key]; ok {
		return c
	}
	if kind == terway.PluginType && key == terway.SymmetricKey {
		if was == true {
			return Change{Impact: Traffic, Message: "symmetric routing is off for Terway, but its rules and routes stay on every node until it is rebooted"}
		}
		return Change{Impact: Traffic, Message: "replies to traffic that came in by the public interface leave by it"}
	}
	return Change{Impact: Hygiene, Message: fmt.Sprintf("%s of %s changes for new pods", key, kind)}
}

func order(old, now map[string]plugin) (Change, bool) {
	both := func(names []string, other map[string]plugin) []string {
		return slices.DeleteFunc(names, func(n string) bool { _, ok := other[n]; return !ok })
	}
	was, is := both(byPlace(old), now), both(byPlace(now), old)
	if slices.Equal(was, is) {
		return Change{}, false
	}
	return Change{Pointer: "/plugins", Before: encode(was), After: encode(is), Impact: Traffic, Message: "the plugins run in another order"}, true
}

func encode(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}
