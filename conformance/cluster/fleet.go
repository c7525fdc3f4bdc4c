// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/pkg/terway"
)

// fleet is an environment whose chain may be replaced. It implements conformance.Fleet.
type fleet struct {
	*Environment
	chain *Replacement
	// live are the data of the ConfigMap as they were.
	live map[string]string
}

// own are the data of a spec's own chain, with the entry of Terway that this cluster has: another one could change the
// datapath of pods.
func (f *fleet) own(data map[string]string) (map[string]string, error) {
	entry, err := terwayEntry(f.live)
	if err != nil {
		return nil, err
	}
	entries := plugins(data[terway.ConflistName])
	for i, p := range entries {
		if pluginType(p) == terway.PluginType {
			entries[i] = entry
		}
	}
	text, err := json.Marshal(map[string]any{"plugins": entries})
	whole := maps.Clone(f.live)
	whole[terway.ConflistName] = string(text)
	return whole, err
}

// terwayEntry is that of Terway in a ConfigMap.
func terwayEntry(data map[string]string) (json.RawMessage, error) {
	all := append(plugins(data[terway.ConflistName]), json.RawMessage(data[terway.ConfKey]))
	i := slices.IndexFunc(all, func(p json.RawMessage) bool { return pluginType(p) == terway.PluginType })
	if i < 0 {
		return nil, fmt.Errorf("the chain of the cluster has no entry of the type %s", terway.PluginType)
	}
	return all[i], nil
}

// plugins are the entries of a list, none of one that is broken.
func plugins(list string) []json.RawMessage {
	var chain struct {
		Plugins []json.RawMessage `json:"plugins"`
	}
	_ = json.Unmarshal([]byte(list), &chain) // Terway says what is wrong with it
	return chain.Plugins
}

// pluginType of an entry, "" where it has none.
func pluginType(entry json.RawMessage) string {
	var named struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(entry, &named) // what is no entry has no type
	return named.Type
}

// Configure implements conformance.Fleet.
func (f *fleet) Configure(ctx context.Context, data map[string]string) error {
	whole, err := f.own(data)
	if err != nil {
		return err
	}
	f.chain.current = nil // nodes go by another one
	return f.chain.Put(ctx, whole)
}

// Rollout implements conformance.Fleet: on the nodes that are judged.
func (f *fleet) Rollout(ctx context.Context, data map[string]string, begun func()) error {
	whole, err := f.own(data)
	if err != nil {
		return err
	}
	return f.replace(ctx, whole, begun)
}

// replace puts a chain in place, and remembers where Terway refuses it.
func (f *fleet) replace(ctx context.Context, whole map[string]string, begun func()) error {
	f.Refusal = nil
	err := f.chain.Replace(ctx, whole, begun)
	errors.As(err, &f.Refusal)
	return err
}

// Roll implements conformance.Roller.
func (f *fleet) Roll(ctx context.Context, data map[string]string) error {
	whole, err := f.own(data)
	if err != nil || f.chain.current != nil && equal(f.chain.current, list(whole)) {
		return err
	}
	return f.replace(ctx, whole, func() {})
}

// Partly implements conformance.Fleet.
func (f *fleet) Partly(ctx context.Context, data map[string]string) error {
	if err := f.Configure(ctx, data); err != nil {
		return err
	}
	first := f.chain.Nodes[0]
	if err := f.chain.Terway.Restart(ctx, first); err != nil {
		return err
	}
	wanted, err := f.Effective(data)
	if err != nil {
		return err
	}
	_, err = f.chain.Settle(ctx, func(node string) string {
		if node == first {
			return wanted
		}
		return ""
	})
	return err
}

// Lists implements conformance.Lister.
func (f *fleet) Lists(ctx context.Context) (map[string]string, error) {
	wanted := ""
	if f.chain.current != nil {
		whole := maps.Clone(f.live)
		whole[terway.ConflistName] = *f.chain.current
		wanted, _ = f.Environment.Effective(whole) // what is refused is not awaited
	}
	return f.chain.Lists(ctx, func(string) string { return wanted })
}

// Effective implements conformance.Lister.
func (f *fleet) Effective(data map[string]string) (string, error) {
	whole, err := f.own(data)
	if err != nil {
		return "", err
	}
	return f.Environment.Effective(whole)
}

// StartOn implements conformance.Fleet.
func (f *fleet) StartOn(ctx context.Context, node string, spec conformance.PodSpec) (conformance.Pod, error) {
	p, err := f.Environment.StartOn(ctx, node, spec)
	if err != nil {
		return nil, err
	}
	return p, nil
}
