// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/chainlint/chainlint/conformance"
)

// Pending implements conformance.Scheduler.
func (e *Environment) Pending(ctx context.Context, spec conformance.PodSpec) (string, error) {
	a := e.Access
	pod := a.template("pending", "", serving(spec, e.Manner))
	a.ask(pod, spec)
	pod.Spec.NodeSelector = map[string]string{corev1.LabelHostname: e.World.Node}
	made, err := a.Client.CoreV1().Pods(a.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("make a pod: %w", err)
	}
	p := &Pod{access: a, name: made.Name, uid: string(made.UID)}
	defer p.remove(context.WithoutCancel(ctx), 0) //nolint:errcheck // it never ran
	ctx, cancel := context.WithTimeout(ctx, resumeLimit)
	defer cancel()
	why := ""
	err = p.await(ctx, func(now *corev1.Pod) bool {
		for _, c := range now.Status.Conditions {
			if c.Type == corev1.PodScheduled {
				why = c.Message
				return c.Status == corev1.ConditionFalse || now.Spec.NodeName != ""
			}
		}
		return now.Spec.NodeName != ""
	})
	return why, err
}

// Rejected implements conformance.Scheduler.
func (e *Environment) Rejected(ctx context.Context, spec conformance.PodSpec) (string, error) {
	a := e.Access
	pod := a.template("rejected", e.World.Node, serving(spec, e.Manner))
	a.ask(pod, spec)
	made, err := a.Client.CoreV1().Pods(a.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("make a pod: %w", err)
	}
	p := &Pod{access: a, name: made.Name, uid: string(made.UID)}
	defer p.remove(context.WithoutCancel(ctx), 0) //nolint:errcheck // it was not to run
	ctx, cancel := context.WithTimeout(ctx, resumeLimit)
	defer cancel()
	why := ""
	err = p.await(ctx, func(now *corev1.Pod) bool {
		if now.Status.Phase == corev1.PodFailed {
			why = strings.TrimSpace(now.Status.Reason + " " + now.Status.Message)
		}
		return now.Status.Phase == corev1.PodFailed || now.Status.Phase == corev1.PodRunning
	})
	return why, err
}

// NodePort implements conformance.Server.
func (e *Environment) NodePort(ctx context.Context, pod conformance.Pod, port conformance.Port) (uint16, error) {
	if !e.World.Proxied {
		return 0, nil
	}
	made, err := e.service(ctx, pod, port, corev1.ServiceTypeNodePort)
	if err != nil {
		return 0, err
	}
	return uint16(made.Spec.Ports[0].NodePort), nil
}

// Services implements conformance.Server.
func (e *Environment) Services(ctx context.Context, pod conformance.Pod, port conformance.Port) (conformance.Services, error) {
	have := conformance.Services{API: e.World.API, Name: e.World.Name}
	if !e.World.Proxied || e.World.Bypassed {
		return have, nil
	}
	made, err := e.service(ctx, pod, port, corev1.ServiceTypeClusterIP)
	if err != nil {
		return have, err
	}
	have.Service = netip.AddrPortFrom(netip.MustParseAddr(made.Spec.ClusterIP), 80).String()
	return have, nil
}

// servedLabel of a pod that is behind a service.
const servedLabel = "chainlint.dev/served"

// service makes one in front of a pod's port.
func (e *Environment) service(ctx context.Context, pod conformance.Pod, port conformance.Port, kind corev1.ServiceType) (*corev1.Service, error) {
	p, ok := pod.(interface{ Name() string })
	if !ok {
		return nil, fmt.Errorf("%T has no name in the cluster", pod)
	}
	a, label := e.Access, map[string]string{servedLabel: p.Name()}
	patch := []byte(`{"metadata":{"labels":{"` + servedLabel + `":` + strconv.Quote(p.Name()) + `}}}`)
	if _, err := a.Client.CoreV1().Pods(a.Namespace).Patch(ctx, p.Name(), types.StrategicMergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return nil, fmt.Errorf("label a pod: %w", err)
	}
	made, err := a.Client.CoreV1().Services(a.Namespace).Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: p.Name(), Labels: a.labels(), Annotations: a.expiry()},
		Spec:       corev1.ServiceSpec{Type: kind, Selector: label, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(int32(port.Container))}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("make a service: %w", err)
	}
	return made, nil
}

// Resolve implements conformance.Server.
func (e *Environment) Resolve(ctx context.Context, pod conformance.Pod, name string) ([]string, error) {
	p, ok := pod.(interface {
		Resolve(ctx context.Context, name string) ([]string, error)
	})
	if !ok {
		return nil, fmt.Errorf("%T looks no names up", pod)
	}
	return p.Resolve(ctx, name)
}
