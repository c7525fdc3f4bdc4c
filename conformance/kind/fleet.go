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
	if err := putConfig(ctx, client, data); err != nil {
		return err
	}
	before := l.current
	l.current = nil // until it is known what runs
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{
		"annotations": map[string]string{render.HashAnnotation: render.ChainHash(data)},
	}}}})
	if err != nil {
		return err
	}
	sets := client.AppsV1().DaemonSets(terway.ConfigMapNamespace)
	if _, err := sets.Patch(ctx, terway.DaemonSetName, types.StrategicMergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return fmt.Errorf("put the chain's hash on Terway's DaemonSet: %w", err)
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

// setList gives the last node the list of a ConfigMap.
func (e *environment) setList(ctx context.Context, data map[string]string) error {
	text, err := e.Effective(data)
	if err != nil {
		return err
	}
	_, err = dockerWith(ctx, text, "exec", "-i", e.lane.Nodes[2], "sh", "-c", "cat > "+conflistPath)
	return err
}

// Lists implements conformance.Fleet.
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

// Effective implements conformance.Fleet.
func (e *environment) Effective(data map[string]string) (string, error) {
	node, _, err := e.lane.World.Facts.EffectiveNode()
	if err != nil {
		return "", err
	}
	merged, err := terway.Effective(data, node)
	if err != nil {
		return "", err
	}
	return merged.Conflist, nil
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

// pod is a pod on a node whose runtime can be reached.
type pod struct {
	*cluster.Pod
	node string
}

// killSandbox kills the process that holds a pod's namespaces.
const killSandbox = `id=$(ctr --namespace=k8s.io containers ls -q 'labels."io.kubernetes.pod.uid"==%s,labels."io.cri-containerd.kind"==sandbox')
ctr --namespace=k8s.io tasks kill --signal KILL "$id"
`

// Recreate implements conformance.Recreated.
func (p *pod) Recreate(ctx context.Context) error {
	return p.Resume(ctx, func(ctx context.Context) error { return script(ctx, p.node, fmt.Sprintf(killSandbox, p.UID())) })
}
