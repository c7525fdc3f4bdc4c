// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/cluster"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Configure implements conformance.Fleet.
func (e *environment) Configure(ctx context.Context, data map[string]string) error {
	return putConfig(ctx, e.lane.access.Client, data)
}

// rolloutLimit bounds a rollout, which goes from node to node.
const rolloutLimit = 2 * time.Minute

// Rollout implements conformance.Fleet.
func (e *environment) Rollout(ctx context.Context, data map[string]string, begun func()) error {
	l, client := e.lane, e.lane.access.Client
	ctx, cancel := context.WithTimeout(ctx, rolloutLimit)
	defer cancel()
	before := l.current
	if err := e.change(ctx, data); err != nil {
		return err
	}
	begun()
	if err := terwayOf(client).Await(ctx, cluster.Awaited{Newest: true}); err != nil {
		return err
	}
	l.current = data
	if !e.sabotage.StaleNode {
		return nil
	}
	e.mended = append(e.mended, func() error { return e.setList(context.WithoutCancel(ctx), data) })
	return e.setList(ctx, before)
}

// change puts a ConfigMap in place, and the hash of its chain on the DaemonSet.
func (e *environment) change(ctx context.Context, data map[string]string) error {
	client := e.lane.access.Client
	if err := putConfig(ctx, client, data); err != nil {
		return err
	}
	e.lane.current = nil // until it is known what runs
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{
		"annotations": map[string]string{render.HashAnnotation: render.ChainHash(data)},
	}}}})
	if err != nil {
		return err
	}
	sets := client.AppsV1().DaemonSets(terway.ConfigMapNamespace)
	if _, err := sets.Patch(ctx, terway.DaemonSetName, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("put the chain's hash on Terway's DaemonSet: %w", err)
	}
	return nil
}

// Partly implements conformance.Fleet.
func (e *environment) Partly(ctx context.Context, data map[string]string) error {
	e.mended = append(e.mended, func() error {
		return e.Rollout(context.WithoutCancel(ctx), data, func() {})
	})
	if err := e.Configure(ctx, data); err != nil {
		return err
	}
	e.lane.current = nil // nodes differ
	return terwayOf(e.lane.access.Client).Restart(ctx, e.lane.Nodes[1])
}

// setList gives the last node the list of a ConfigMap.
func (e *environment) setList(ctx context.Context, data map[string]string) error {
	text, err := e.Effective(data)
	if err != nil {
		return err
	}
	_, err = dockerWith(ctx, text, "exec", "-i", e.lane.Nodes[2], "sh", "-c", "cat > "+conflistPath)
	return err
}

// Lists implements conformance.Lister.
func (e *environment) Lists(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	for _, name := range e.lane.Nodes {
		text, err := docker(ctx, "exec", name, "cat", conflistPath)
		if err != nil {
			return nil, err
		}
		all[name] = text
	}
	return all, nil
}

// StartOn implements conformance.Fleet.
func (e *environment) StartOn(ctx context.Context, node string, spec conformance.PodSpec) (conformance.Pod, error) {
	p, err := e.Environment.StartOn(ctx, node, spec)
	if err != nil {
		return nil, err
	}
	return &pod{p, node}, nil
}

// Roll implements conformance.Roller: the ConfigMap is replaced and Terway restarted, on all nodes at once.
func (e *environment) Roll(ctx context.Context, data map[string]string) error {
	l := e.lane
	if maps.Equal(data, l.current) {
		return nil
	}
	e.Refusal = nil
	client := l.access.Client
	if err := putConfig(ctx, client, data); err != nil {
		return err
	}
	l.current = nil // until it is known what runs
	err := terwayOf(client).Restart(ctx, "")
	if errors.As(err, &e.Refusal) {
		return e.Refusal
	}
	if err == nil {
		l.current = data
	}
	if err == nil && e.sabotage.EarlyReady {
		err = e.loseBinary(ctx)
	}
	return err
}

// lost is where a binary is that is not on the node.
const lost = "/opt/cni/portmap.lost"

// loseBinary takes portmap from the first node, until the environment is closed.
func (e *environment) loseBinary(ctx context.Context) error {
	node := e.lane.Nodes[1]
	e.mended = append(e.mended, func() error {
		return script(context.WithoutCancel(ctx), node, "[ ! -e "+lost+" ] || mv "+lost+" /opt/cni/bin/portmap\n")
	})
	return script(ctx, node, "[ ! -e /opt/cni/bin/portmap ] || mv /opt/cni/bin/portmap "+lost+"\n")
}
