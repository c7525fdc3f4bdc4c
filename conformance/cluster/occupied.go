// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/chainlint/chainlint/conformance"
)

// Occupied implements conformance.Occupied.
func (e *Environment) Occupied() []uint16 { return e.occupied }

// findOccupied collects the ports of nodes that somebody has: those at which the nodes listen, and, for who may list all
// pods, their host ports. What cannot be read is taken for free: specs find the port closed first.
func (e *Environment) findOccupied(ctx context.Context) {
	for _, where := range []conformance.Where{conformance.OnNode, conformance.OnOther} {
		if seen, err := e.At(where).Look(ctx); err == nil {
			e.occupied = append(e.occupied, seen.Listening...)
		}
	}
	all, err := e.Access.Client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{LabelSelector: ManagedBy + "!=" + Manager})
	if err != nil {
		return
	}
	for _, pod := range all.Items {
		for _, c := range pod.Spec.Containers {
			for _, p := range c.Ports {
				if p.HostPort != 0 {
					e.occupied = append(e.occupied, uint16(p.HostPort))
				}
			}
		}
	}
}
