// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/chainlint/chainlint/conformance/agent"
	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/internal/image"
)

// The kinds of containers beside the ordinary one.
const (
	initKind      = "init"
	sidecarKind   = "sidecar"
	ephemeralKind = "ephemeral"
)

// beside is a container that reads the network when it starts and writes that to its log.
func (a *Access) beside(kind string, stays bool) corev1.Container {
	command := []string{image.Conformance, "agent", "look"}
	if stays {
		command = append(command, "stay")
	}
	first := a.template("", "", agent.Config{}).Spec.Containers[0]
	return corev1.Container{Name: kind, Image: a.Image, ImagePullPolicy: a.Pull, Command: command, Resources: first.Resources, SecurityContext: first.SecurityContext}
}

// crowd puts containers of other kinds into a pod; the ephemeral one comes when the pod runs.
func (a *Access) crowd(pod *corev1.Pod) {
	always := corev1.ContainerRestartPolicyAlways
	sidecar := a.beside(sidecarKind, true)
	sidecar.RestartPolicy = &always
	pod.Spec.InitContainers = []corev1.Container{sidecar, a.beside(initKind, false)}
}

// aside makes a sidecar of the agent; what comes behind it never starts.
func (a *Access) aside(pod *corev1.Pod) {
	always, agent := corev1.ContainerRestartPolicyAlways, pod.Spec.Containers[0]
	agent.RestartPolicy = &always
	pod.Spec.InitContainers = []corev1.Container{agent, a.beside(initKind, true)}
	pod.Spec.Containers = []corev1.Container{a.beside("ordinary", true)}
}

// Health ports of the agent.
const (
	healthHTTP = 18080
	healthGRPC = 18081
)

// probed lets the kubelet ask a pod in every way. One container has one probe of a kind, so each kind has another way.
func probed(pod *corev1.Pod) {
	http := corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromInt32(healthHTTP)}}
	grpc := corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: healthGRPC}}
	tcp := corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(healthHTTP)}}
	command := corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{image.Conformance, "version"}}}
	first := &pod.Spec.Containers[0]
	first.StartupProbe, first.ReadinessProbe = check(http), check(grpc)
	second := *first.DeepCopy()
	second.Name, second.Env, second.Command = "commanded", nil, []string{image.Conformance, "agent", "look", "stay"}
	second.StartupProbe, second.ReadinessProbe, second.Ports, second.VolumeMounts = check(command), check(tcp), nil, nil
	pod.Spec.Containers = append(pod.Spec.Containers, second)
}

func check(how corev1.ProbeHandler) *corev1.Probe {
	return &corev1.Probe{ProbeHandler: how, PeriodSeconds: 1, FailureThreshold: 10, TimeoutSeconds: 5}
}

// resumeLimit is how long a kubelet may take to start something again.
const resumeLimit = 40 * time.Second

// agentState of a pod: that of the container with the agent.
func agentState(pod *corev1.Pod) *corev1.ContainerStatus {
	all := slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
	if i := slices.IndexFunc(all, func(s corev1.ContainerStatus) bool { return s.Name == containerName }); i >= 0 {
		return &all[i]
	}
	return nil
}

// Restart implements conformance.Supervised.
func (p *Pod) Restart(ctx context.Context) error {
	return p.Resume(ctx, resumeLimit, func(ctx context.Context) error { return p.Exit(ctx) })
}

// Resume does something that makes the kubelet start the agent again, and waits until that answers.
func (p *Pod) Resume(ctx context.Context, limit time.Duration, end func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	now, err := p.access.Client.CoreV1().Pods(p.access.Namespace).Get(ctx, p.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	before := agentState(now)
	if before == nil {
		return fmt.Errorf("the pod %s has no container %s", p.name, containerName)
	}
	if err := end(ctx); err != nil {
		return err
	}
	_ = p.Close() // its process is gone
	err = p.access.follow(ctx, p.name, limit, func(e watch.EventType, now *corev1.Pod) (bool, error) {
		if now == nil || e == watch.Deleted {
			return false, fmt.Errorf("the pod %s is gone", p.name)
		}
		s := agentState(now)
		again := s != nil && s.State.Running != nil && s.ContainerID != before.ContainerID && len(now.Status.PodIPs) > 0
		if !again {
			return false, nil
		}
		return true, p.setIPs(now)
	})
	if err != nil {
		return fmt.Errorf("the kubelet does not start the pod %s again: %w", p.name, err)
	}
	p.Remote, err = p.access.connect(ctx, p.name)
	return err
}

func (p *Pod) setIPs(pod *corev1.Pod) error {
	p.ips = nil
	for _, ip := range pod.Status.PodIPs {
		address, err := netip.ParseAddr(ip.IP)
		if err != nil {
			return fmt.Errorf("the pod %s has the address %q: %w", p.name, ip.IP, err)
		}
		p.ips = append(p.ips, address)
	}
	return nil
}

// Finish implements conformance.Supervised.
func (p *Pod) Finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, resumeLimit)
	defer cancel()
	if err := p.Exit(ctx); err != nil {
		return err
	}
	return p.await(ctx, func(now *corev1.Pod) bool { return now.Status.Phase == corev1.PodSucceeded })
}

// evictLimit is how long a kubelet may take to evict a pod: it measures what pods write every ten seconds or so.
const evictLimit = 2 * time.Minute

// Evict implements conformance.Supervised.
func (p *Pod) Evict(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, evictLimit)
	defer cancel()
	go func() { _ = p.Shout(ctx, 4*smallSize) }() // the pod may be gone before it has said that it did
	err := p.access.follow(ctx, p.name, evictLimit, func(e watch.EventType, now *corev1.Pod) (bool, error) {
		if now == nil || e == watch.Deleted {
			return false, fmt.Errorf("the pod %s is gone, or nothing happens to it", p.name)
		}
		// An agent ends well when it is told to end, and then an evicted pod has succeeded.
		return now.Status.Phase == corev1.PodFailed || now.Status.Phase == corev1.PodSucceeded, nil
	})
	if err != nil {
		return fmt.Errorf("the kubelet does not evict the pod %s, which writes too much: %w", p.name, err)
	}
	return p.awaitEvent(ctx, "Evicted")
}

// awaitEvent waits until the kubelet said something of the pod.
func (p *Pod) awaitEvent(ctx context.Context, reason string) error {
	err := wait.PollUntilContextCancel(ctx, again, true, func(ctx context.Context) (bool, error) {
		events, err := p.access.Client.CoreV1().Events(p.access.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.uid=" + p.uid})
		if err != nil {
			return false, fmt.Errorf("list the events of %s: %w", p.name, err)
		}
		return slices.ContainsFunc(events.Items, func(e corev1.Event) bool { return e.Reason == reason }), nil
	})
	if wait.Interrupted(err) {
		return fmt.Errorf("the pod %s has ended, and nobody says that it was %s", p.name, strings.ToLower(reason))
	}
	return err
}

// Ready implements conformance.Supervised.
func (p *Pod) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, resumeLimit)
	defer cancel()
	last := ""
	err := p.await(ctx, func(now *corev1.Pod) bool {
		for _, c := range now.Status.Conditions {
			if c.Type == corev1.PodReady {
				last = c.Message
				return c.Status == corev1.ConditionTrue
			}
		}
		return false
	})
	if err != nil && last != "" {
		err = fmt.Errorf("%w: %s", err, last)
	}
	return err
}

func (p *Pod) await(ctx context.Context, done func(*corev1.Pod) bool) error {
	return p.access.follow(ctx, p.name, resumeLimit, func(e watch.EventType, now *corev1.Pod) (bool, error) {
		if now == nil || e == watch.Deleted {
			return false, fmt.Errorf("the pod %s is gone, or nothing happens to it", p.name)
		}
		return done(now), nil
	})
}

// Beside implements conformance.Supervised.
func (p *Pod) Beside(ctx context.Context) (map[string]probe.Inspection, error) {
	ctx, cancel := context.WithTimeout(ctx, resumeLimit)
	defer cancel()
	if err := p.addEphemeral(ctx); err != nil {
		return nil, err
	}
	all := map[string]probe.Inspection{}
	for _, kind := range []string{initKind, sidecarKind, ephemeralKind} {
		seen, err := p.logged(ctx, kind)
		if err != nil {
			return nil, err
		}
		all[kind] = seen
	}
	return all, nil
}

func (p *Pod) addEphemeral(ctx context.Context) error {
	pods := p.access.Client.CoreV1().Pods(p.access.Namespace)
	now, err := pods.Get(ctx, p.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	c := p.access.beside(ephemeralKind, false)
	now.Spec.EphemeralContainers = append(now.Spec.EphemeralContainers, corev1.EphemeralContainer{EphemeralContainerCommon: corev1.EphemeralContainerCommon{
		Name: c.Name, Image: c.Image, ImagePullPolicy: c.ImagePullPolicy, Command: c.Command, SecurityContext: c.SecurityContext,
	}})
	if _, err := pods.UpdateEphemeralContainers(ctx, p.name, now, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("add an ephemeral container: %w", err)
	}
	return nil
}

// logged is what a container wrote to its log, as soon as it is there.
func (p *Pod) logged(ctx context.Context, container string) (seen probe.Inspection, err error) {
	err = wait.PollUntilContextCancel(ctx, again, true, func(ctx context.Context) (bool, error) {
		text, err := p.access.Client.CoreV1().Pods(p.access.Namespace).GetLogs(p.name, &corev1.PodLogOptions{Container: container}).DoRaw(ctx)
		line, _, whole := strings.Cut(string(text), "\n")
		if err != nil || !whole {
			return false, nil //nolint:nilerr // it has not started
		}
		return true, json.Unmarshal([]byte(line), &seen)
	})
	if wait.Interrupted(err) {
		err = fmt.Errorf("the %s container of %s says nothing: %w", container, p.name, err)
	}
	return seen, err
}

// Name of the pod.
func (p *Pod) Name() string { return p.name }
