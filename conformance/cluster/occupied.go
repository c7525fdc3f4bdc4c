// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/chainlint/chainlint/conformance"
)

// Occupied implements conformance.Occupied.
func (e *Environment) Occupied() []uint16 { return e.occupied }

// findOccupied collects the ports of nodes that somebody has: those at which the nodes listen, and, for who may list all
// pods, their host ports. What cannot be read is taken for free: specs find the port closed first.
func (e *Environment) findOccupied(ctx context.Context) {
	for where, node := range map[conformance.Where]string{conformance.OnNode: e.World.Node, conformance.OnOther: e.World.Other} {
		if place, ok := e.places[where].(interface {
			Listening(ctx context.Context) ([]uint16, error)
		}); ok {
			found, _ := place.Listening(ctx)
			e.occupied = append(e.occupied, found...)
		}
		others := metav1.ListOptions{LabelSelector: RunLabel + "!=" + e.Access.ID, FieldSelector: "spec.nodeName=" + node}
		all, err := e.Access.Client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, others)
		if err != nil || node == "" {
			continue
		}
		for _, pod := range all.Items {
			e.occupied = append(e.occupied, HostPorts(pod)...)
		}
	}
}

// HostPorts of a pod's containers.
func HostPorts(pod corev1.Pod) []uint16 {
	var all []uint16
	for _, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			if p.HostPort != 0 {
				all = append(all, uint16(p.HostPort))
			}
		}
	}
	return all
}
