// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/chainlint/chainlint/conformance/agent"
	"github.com/chainlint/chainlint/internal/image"
	"github.com/chainlint/chainlint/pkg/terway"
)

// inspectLimit bounds the reading of one node.
const inspectLimit = time.Minute

// Inspect reads the plugins and lists of a node, by a pod that mounts both directories read-only. It is root, whose the
// directory of lists is on many nodes, without any capability.
func (a *Access) Inspect(ctx context.Context, node string) (seen agent.Node, err error) {
	ctx, cancel := context.WithTimeout(ctx, inspectLimit)
	defer cancel()
	pod := a.template("inspect", node, agent.Config{})
	pod.Spec.HostNetwork = true // where the chain is broken, no other pod starts
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	root, no := int64(0), false
	pod.Spec.SecurityContext.RunAsUser, pod.Spec.SecurityContext.RunAsNonRoot = &root, &no
	directory := corev1.HostPathDirectory
	first := &pod.Spec.Containers[0]
	first.Command = []string{image.Conformance, "agent", "node"}
	for name, path := range map[string][2]string{"plugins": {"/opt/cni/bin", agent.NodePlugins}, "lists": {"/etc/cni/net.d", agent.NodeLists}} {
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path[0], Type: &directory}}})
		first.VolumeMounts = append(first.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: path[1], ReadOnly: true})
	}
	made, err := a.Client.CoreV1().Pods(a.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		return seen, fmt.Errorf("make a pod that inspects %s: %w", node, err)
	}
	p := &Pod{access: a, name: made.Name, uid: string(made.UID)}
	defer p.remove(context.WithoutCancel(ctx), 0) //nolint:errcheck // it has ended
	err = p.await(ctx, func(now *corev1.Pod) bool {
		return now.Status.Phase == corev1.PodSucceeded || now.Status.Phase == corev1.PodFailed
	})
	if err != nil {
		return seen, fmt.Errorf("inspect the node %s: %w", node, err)
	}
	text, err := a.Client.CoreV1().Pods(a.Namespace).GetLogs(p.name, &corev1.PodLogOptions{Container: containerName}).DoRaw(ctx)
	if err == nil {
		err = json.Unmarshal(text, &seen)
	}
	if err != nil {
		return seen, fmt.Errorf("inspect the node %s: %w: %s", node, err, strings.TrimSpace(string(text)))
	}
	return seen, nil
}

// Lists of nodes: those that their runtimes take.
func (a *Access) Lists(ctx context.Context, nodes []string) (map[string]string, error) {
	all := map[string]string{}
	for _, node := range nodes {
		seen, err := a.Inspect(ctx, node)
		if err != nil {
			return nil, err
		}
		if all[node] = seen.List; seen.First != terway.ConflistName {
			all[node] = "" // whatever is in Terway's, nobody reads it
		}
	}
	return all, nil
}

// InspectPools puts the plugins of one node of each pool among the facts. The first one stands for the cluster.
func (a *Access) InspectPools(ctx context.Context, live *Live) error {
	var named []string
	for _, p := range live.Facts.NodePools {
		named = append(named, p.Name)
	}
	told := false
	for _, pool := range append([]string{""}, named...) {
		node, _, err := live.Sample(pool, named, nil, false)
		if err != nil {
			continue // nobody can be asked there
		}
		seen, err := a.Inspect(ctx, node)
		if err != nil {
			return err
		}
		if !told {
			live.Facts.Plugins("", node, seen.Plugins)
			told = true
		}
		if pool != "" {
			live.Facts.Plugins(pool, node, seen.Plugins)
		}
	}
	if !told {
		return fmt.Errorf("no node can be inspected: none is ready and schedulable")
	}
	return nil
}
