// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/agent"
	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/internal/image"
)

// containerName is the container of the agent.
const containerName = "agent"

// Pod is a pod of the suite that runs.
type Pod struct {
	*agent.Remote
	access *Access
	name   string
	uid    string
	ips    []netip.Addr
	stop   sync.Once
	failed error
}

// template is the pod of an agent: without any privilege.
func (a *Access) template(prefix, node string, config agent.Config) *corev1.Pod {
	text, err := json.Marshal(config)
	if err != nil {
		panic(err) // strings and numbers
	}
	no, yes, nobody, grace, deadline := false, true, int64(65534), int64(1), int64(a.lifetime().Seconds())
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: prefix + "-", Namespace: a.Namespace, Labels: a.labels(), Annotations: a.expiry()},
		Spec: corev1.PodSpec{
			NodeName: node, AutomountServiceAccountToken: &no, EnableServiceLinks: &no, TerminationGracePeriodSeconds: &grace, ActiveDeadlineSeconds: &deadline,
			Tolerations:     []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
			SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &nobody, RunAsGroup: &nobody, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
			Volumes:         []corev1.Volume{{Name: "run", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
			Containers: []corev1.Container{{
				Name: containerName, Image: a.Image, ImagePullPolicy: a.Pull, Command: []string{image.Conformance, "agent"},
				Env: []corev1.EnvVar{
					{Name: agent.Variable, Value: string(text)},
					{Name: agent.IdentityVariable, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.uid"}}},
				},
				Resources:       corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("5m"), corev1.ResourceMemory: resource.MustParse("16Mi")}},
				SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
				VolumeMounts:    []corev1.VolumeMount{{Name: "run", MountPath: agent.Dir}},
			}},
		},
	}
}

// ask puts the wishes of a spec into a pod.
func (a *Access) ask(pod *corev1.Pod, spec conformance.PodSpec) {
	if spec.Once {
		pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	}
	if spec.Crowded {
		a.crowd(pod)
	}
	if spec.Probed {
		probed(pod)
	}
	for name, value := range spec.Sysctls {
		pod.Spec.SecurityContext.Sysctls = append(pod.Spec.SecurityContext.Sysctls, corev1.Sysctl{Name: name, Value: value})
	}
	if spec.Small {
		pod.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceEphemeralStorage: *resource.NewQuantity(smallSize, resource.BinarySI)}
	}
	for _, p := range spec.Ports {
		pod.Spec.Containers[0].Ports = append(pod.Spec.Containers[0].Ports, corev1.ContainerPort{
			ContainerPort: int32(p.Container), HostPort: int32(p.Host), HostIP: p.HostIP, Protocol: corev1.Protocol(strings.ToUpper(p.Protocol)),
		})
	}
	if spec.Sidecar {
		a.aside(pod)
	}
	if spec.Bandwidth {
		for _, direction := range []string{"ingress", "egress"} {
			pod.Annotations["kubernetes.io/"+direction+"-bandwidth"] = "1G"
		}
	}
}

// smallSize is how much a small pod may write.
const smallSize = 1 << 20

// serving is what the agent of a pod does, by the wishes of a spec.
func serving(spec conformance.PodSpec, manner probe.Manner) agent.Config {
	c := agent.Config{Manner: spec.Manner, Watch: spec.Watch}
	if c.Manner == probe.Honest {
		c.Manner = manner
	}
	for _, p := range spec.Ports {
		if !spec.Stopped {
			c.Ends = append(c.Ends, probe.Listen{Protocol: p.Protocol, Port: p.Container})
		}
	}
	if spec.Probed {
		c.Health = agent.Health{HTTP: healthHTTP, GRPC: healthGRPC}
	}
	return c
}

// run makes a pod and waits until its agent answers. The error is a [*conformance.StartError] where the kubelet says
// that the chain is at fault.
func (a *Access) run(ctx context.Context, wanted *corev1.Pod) (*Pod, error) {
	made, err := a.Client.CoreV1().Pods(a.Namespace).Create(ctx, wanted, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("make a pod: %w", err)
	}
	p := &Pod{access: a, name: made.Name, uid: string(made.UID)}
	if err := p.start(ctx); err != nil {
		_ = p.remove(context.WithoutCancel(ctx), 0) // what matters is why it did not start
		return nil, err
	}
	return p, nil
}

// Join waits for a pod of an agent that something else makes, by its name.
func (a *Access) Join(ctx context.Context, name string) (*Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, resumeLimit)
	defer cancel()
	p := &Pod{access: a, name: name}
	err := wait.PollUntilContextCancel(ctx, again, true, func(ctx context.Context) (bool, error) {
		made, err := a.Client.CoreV1().Pods(a.Namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		p.uid = string(made.UID)
		return true, err
	})
	if err != nil {
		return nil, fmt.Errorf("wait for the pod %s: %w", name, err)
	}
	return p, p.start(ctx)
}

func (p *Pod) start(ctx context.Context) error {
	running, err := p.awaitRunning(ctx)
	if err != nil {
		return err
	}
	if err := p.setIPs(running); err != nil {
		return err
	}
	p.Remote, err = p.access.connect(ctx, p.name)
	return err
}

// complaintAfter is when a pod that does not run is asked why.
const complaintAfter = 3 * time.Second

// awaitRunning waits for the container, and for the addresses.
func (p *Pod) awaitRunning(ctx context.Context) (pod *corev1.Pod, err error) {
	err = p.access.follow(ctx, p.name, complaintAfter, func(e watch.EventType, now *corev1.Pod) (bool, error) {
		if e == watch.Deleted {
			return false, fmt.Errorf("the pod %s was deleted by somebody else", p.name)
		}
		if now == nil {
			return false, notYet(p.complaint(ctx))
		}
		if now.Status.Phase == corev1.PodFailed {
			return false, fmt.Errorf("the pod %s failed: %s %s", p.name, now.Status.Reason, now.Status.Message)
		}
		pod = now
		state := agentState(now)
		return state != nil && state.State.Running != nil && len(now.Status.PodIPs) > 0, nil
	})
	if err != nil && ctx.Err() != nil {
		return nil, errors.Join(p.complaint(context.WithoutCancel(ctx)), fmt.Errorf("the pod %s does not run in time: %w", p.name, err))
	}
	return pod, err
}

// follow watches a pod until done says so. Each time nothing happened for a while, done gets nil.
func (a *Access) follow(ctx context.Context, name string, every time.Duration, done func(watch.EventType, *corev1.Pod) (bool, error)) error {
	for {
		w, err := a.Client.CoreV1().Pods(a.Namespace).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
		if err != nil {
			return fmt.Errorf("watch the pod %s: %w", name, err)
		}
		ended, err := drain(ctx, w, every, done)
		w.Stop()
		if ended || err != nil {
			return err
		}
	}
}

func drain(ctx context.Context, w watch.Interface, every time.Duration, done func(watch.EventType, *corev1.Pod) (bool, error)) (bool, error) {
	for {
		select {
		case e, open := <-w.ResultChan():
			if !open {
				return false, nil
			}
			pod, ok := e.Object.(*corev1.Pod)
			if !ok {
				return false, apierrors.FromObject(e.Object)
			}
			if ended, err := done(e.Type, pod); ended || err != nil {
				return ended, err
			}
		case <-time.After(every):
			if ended, err := done("", nil); ended || err != nil {
				return ended, err
			}
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

var failedPlugin = regexp.MustCompile(`plugin type="([^"]+)" failed|failed to find plugin "([^"]+)"`)

// complaint is what the kubelet says of a pod that does not run, nil for nothing that the chain is to blame for. It
// tries again, so a single failure is none yet.
func (p *Pod) complaint(ctx context.Context) error {
	events, err := p.access.Client.CoreV1().Events(p.access.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.uid=" + p.uid})
	if err != nil {
		return nil //nolint:nilerr // who may not read events waits for the time to end
	}
	failures, last, stage := int32(0), "", conformance.StagePod
	for _, e := range events.Items {
		switch e.Reason {
		case "NetworkNotReady":
			failures, last, stage = failures+max(e.Count, 1), e.Message, conformance.StageRuntime
		case "FailedCreatePodSandBox":
			failures, last, stage = failures+max(e.Count, 1), e.Message, conformance.StagePod
		}
	}
	if failures < 2 {
		return nil
	}
	plugin := ""
	if m := failedPlugin.FindStringSubmatch(last); m != nil {
		plugin = m[1] + m[2]
	}
	return &conformance.StartError{Stage: stage, Plugin: plugin, Err: errors.New(last)}
}

// notYet leaves out a complaint that goes by itself: Terway is being started, and its daemon does not answer yet
// (plugin/driver/types/types.go, DefaultSocketPath).
func notYet(err error) error {
	if err != nil && strings.Contains(err.Error(), "eni.socket") {
		return nil
	}
	return err
}

// UID implements conformance.Pod.
func (p *Pod) UID() string { return p.uid }

// IPs implements conformance.Pod.
func (p *Pod) IPs() []netip.Addr { return p.ips }

// Stop implements conformance.Pod.
func (p *Pod) Stop(ctx context.Context) error {
	p.stop.Do(func() { p.failed = p.remove(ctx, 1) })
	return p.failed
}

// Kill implements conformance.Pod.
func (p *Pod) Kill(ctx context.Context) error {
	p.stop.Do(func() { p.failed = p.remove(ctx, 0) })
	return p.failed
}

// removalLimit is how long a pod may take to go: the kubelet detaches it first, and waits half a minute for a systemd that
// does not tell that a cgroup is gone (opencontainers/cgroups:systemd/common.go, stopUnit) before it tries again.
const removalLimit = 90 * time.Second

// remove deletes the pod and waits until it is gone.
func (p *Pod) remove(ctx context.Context, grace int64) error {
	if p.Remote != nil {
		defer p.Close() //nolint:errcheck // nothing is left to be said on it
	}
	ctx, cancel := context.WithTimeout(ctx, removalLimit)
	defer cancel()
	err := p.access.Client.CoreV1().Pods(p.access.Namespace).Delete(ctx, p.name, metav1.DeleteOptions{GracePeriodSeconds: &grace})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete the pod %s: %w", p.name, err)
	}
	if grace == 0 {
		return nil // it is gone for the cluster, and the kubelet takes it away
	}
	return p.access.awaitGone(ctx, p.name)
}

// goneCheck is how often the cluster is asked whether a pod is gone, in case the watch began after its end.
const goneCheck = 2 * time.Second

func (a *Access) awaitGone(ctx context.Context, name string) error {
	err := a.follow(ctx, name, goneCheck, func(e watch.EventType, now *corev1.Pod) (bool, error) {
		if now != nil {
			return e == watch.Deleted, nil
		}
		_, err := a.Client.CoreV1().Pods(a.Namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
	if err != nil {
		return fmt.Errorf("the pod %s does not go: %w", name, err)
	}
	return nil
}
