// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/chainlint/chainlint/conformance"
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
	if err := e.change(ctx, data, appsv1.RollingUpdateDaemonSetStrategyType); err != nil {
		return err
	}
	begun()
	if err := awaitTerway(ctx, client, nil); err != nil {
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
func (e *environment) change(ctx context.Context, data map[string]string, strategy appsv1.DaemonSetUpdateStrategyType) error {
	client := e.lane.access.Client
	if err := putConfig(ctx, client, data); err != nil {
		return err
	}
	e.lane.current = nil // until it is known what runs
	patch := map[string]any{"spec": map[string]any{
		"updateStrategy": map[string]any{"type": strategy},
		"template":       map[string]any{"metadata": map[string]any{"annotations": map[string]string{render.HashAnnotation: render.ChainHash(data)}}},
	}}
	if strategy == appsv1.OnDeleteDaemonSetStrategyType {
		patch["spec"].(map[string]any)["updateStrategy"] = map[string]any{"type": strategy, "rollingUpdate": nil}
	}
	text, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	sets := client.AppsV1().DaemonSets(terway.ConfigMapNamespace)
	if _, err := sets.Patch(ctx, terway.DaemonSetName, types.MergePatchType, text, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("put the chain's hash on Terway's DaemonSet: %w", err)
	}
	return nil
}

// Partly implements conformance.Fleet.
func (e *environment) Partly(ctx context.Context, data map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, rolloutLimit)
	defer cancel()
	e.mended = append(e.mended, func() error {
		return e.Rollout(context.WithoutCancel(ctx), data, func() {})
	})
	if err := e.change(ctx, data, appsv1.OnDeleteDaemonSetStrategyType); err != nil {
		return err
	}
	client, first := e.lane.access.Client, e.lane.Nodes[1]
	here := metav1.ListOptions{LabelSelector: standInSelector, FieldSelector: "spec.nodeName=" + first}
	grace, pods := int64(0), client.CoreV1().Pods(terway.ConfigMapNamespace)
	if err := pods.DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &grace}, here); err != nil {
		return err
	}
	for {
		found, err := pods.List(ctx, here)
		if err != nil {
			return err
		}
		newest, err := revision(ctx, client)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(found.Items, func(p corev1.Pod) bool {
			return isReady(p) && p.DeletionTimestamp == nil && p.Labels[appsv1.ControllerRevisionHashLabelKey] == newest
		}) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("Terway's stand-in does not come back on %s", first) //nolint:staticcheck // a name
		case <-time.After(100 * time.Millisecond):
		}
	}
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
	e.refusal = nil
	client := l.access.Client
	old, err := standIns(ctx, client)
	if err != nil {
		return err
	}
	if err := putConfig(ctx, client, data); err != nil {
		return err
	}
	l.current = nil // until it is known what runs
	if err := restart(ctx, client); err != nil {
		return err
	}
	err = awaitTerway(ctx, client, old)
	if errors.As(err, &e.refusal) {
		return e.refusal
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
