// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"

	"github.com/chainlint/chainlint/conformance"
)

// workloadKind is a kind of objects that make pods, with its resource and what it says around a template.
type workloadKind struct {
	kind string
	made schema.GroupVersionResource
	spec func(labels map[string]string, t corev1.PodTemplateSpec) any
}

var workloadKinds = []workloadKind{
	{"Deployment", appsv1.SchemeGroupVersion.WithResource("deployments"), func(labels map[string]string, t corev1.PodTemplateSpec) any {
		one := intstr.FromInt32(1)
		return appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: t, Strategy: appsv1.DeploymentStrategy{
			Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &one, MaxUnavailable: &one},
		}}
	}},
	{daemonSetKind, appsv1.SchemeGroupVersion.WithResource("daemonsets"), func(labels map[string]string, t corev1.PodTemplateSpec) any {
		return appsv1.DaemonSetSpec{Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: t}
	}},
	{"StatefulSet", appsv1.SchemeGroupVersion.WithResource("statefulsets"), func(labels map[string]string, t corev1.PodTemplateSpec) any {
		return appsv1.StatefulSetSpec{Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: t}
	}},
	{"Job", batchv1.SchemeGroupVersion.WithResource("jobs"), func(_ map[string]string, t corev1.PodTemplateSpec) any {
		return job1(t)
	}},
	// Once a minute: its controller needs that long to make a Job.
	{"CronJob", batchv1.SchemeGroupVersion.WithResource("cronjobs"), func(_ map[string]string, t corev1.PodTemplateSpec) any {
		return batchv1.CronJobSpec{Schedule: "* * * * *", ConcurrencyPolicy: batchv1.ForbidConcurrent, JobTemplate: batchv1.JobTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: t.Labels, Annotations: t.Annotations}, Spec: job1(t)}}
	}},
}

const daemonSetKind = "DaemonSet"

// job1 is a Job of one pod that is not tried again.
func job1(t corev1.PodTemplateSpec) batchv1.JobSpec {
	once := int32(0)
	t.Spec.RestartPolicy = corev1.RestartPolicyNever
	deadline := int64(Lifetime.Seconds())
	t.Spec.ActiveDeadlineSeconds = &deadline
	return batchv1.JobSpec{Template: t, BackoffLimit: &once}
}

// workloadLabel of pods names the object that made them.
const workloadLabel = "chainlint.dev/workload"

// workload is an object that makes pods.
type workload struct {
	access *Access
	client dynamic.ResourceInterface
	name   string
	nodes  []string
	// old are the pods that an update is to replace; made those that run.
	old  map[string]bool
	made []*Pod
}

// Kinds implements conformance.Workloads.
func (e *Environment) Kinds() []string {
	var all []string
	for _, k := range workloadKinds {
		all = append(all, k.kind)
	}
	return all
}

// Make implements conformance.Workloads.
func (e *Environment) Make(ctx context.Context, kind string, spec conformance.PodSpec) (conformance.Workload, error) {
	a := e.Access
	i := slices.IndexFunc(workloadKinds, func(k workloadKind) bool { return k.kind == kind })
	if i < 0 {
		return nil, fmt.Errorf("nothing is known of objects of the kind %s", kind)
	}
	client, err := dynamic.NewForConfig(a.Rest)
	if err != nil {
		return nil, err
	}
	w := &workload{access: a, nodes: []string{e.World.Node}, old: map[string]bool{}}
	if kind == daemonSetKind && e.World.Other != "" {
		w.nodes = append(w.nodes, e.World.Other)
	}
	k := workloadKinds[i]
	w.client = client.Resource(k.made).Namespace(a.Namespace)
	w.name = strings.ToLower(kind) + "-" + newID()
	pod := e.podOf(w, spec)
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              any `json:"spec"`
	}{
		metav1.TypeMeta{APIVersion: k.made.GroupVersion().String(), Kind: kind},
		metav1.ObjectMeta{Name: w.name, Namespace: a.Namespace, Labels: a.labels(), Annotations: a.expiry()},
		k.spec(map[string]string{workloadLabel: w.name}, pod),
	})
	if err != nil {
		return nil, err
	}
	if _, err := w.client.Create(ctx, &unstructured.Unstructured{Object: object}, metav1.CreateOptions{}); err != nil {
		return nil, fmt.Errorf("make a %s: %w", kind, err)
	}
	return w, nil
}

// podOf is the template of a workload's pods. The scheduler puts them on its nodes: with spec.nodeName, the kubelet would
// have to reject what is too many.
func (e *Environment) podOf(w *workload, spec conformance.PodSpec) corev1.PodTemplateSpec {
	a := e.Access
	pod := a.template("", "", serving(spec, e.Manner))
	a.ask(pod, spec)
	pod.Labels[workloadLabel] = w.name
	pod.Spec.ActiveDeadlineSeconds = nil // objects that replace their pods may not have it
	pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{}}}
	for _, node := range w.nodes {
		required := pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
		required.NodeSelectorTerms = append(required.NodeSelectorTerms, corev1.NodeSelectorTerm{
			MatchFields: []corev1.NodeSelectorRequirement{{Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}},
		})
	}
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: pod.Labels, Annotations: pod.Annotations}, Spec: pod.Spec}
}

// workloadLimit is how long an object may take to make its pods: a CronJob begins with the next minute.
const workloadLimit = 100 * time.Second

// Pods implements conformance.Workload.
func (w *workload) Pods(ctx context.Context) ([]conformance.Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, workloadLimit)
	defer cancel()
	var all []conformance.Pod
	for _, node := range w.nodes {
		p, err := w.on(ctx, node)
		if err != nil {
			return nil, err
		}
		w.made = append(w.made, p)
		all = append(all, p)
	}
	return all, nil
}

// on waits for the pod on a node.
func (w *workload) on(ctx context.Context, node string) (*Pod, error) {
	var p *Pod
	err := wait.PollUntilContextCancel(ctx, again, true, func(ctx context.Context) (bool, error) {
		found, err := w.pods(ctx)
		for _, pod := range found {
			if pod.Spec.NodeName == node && !w.old[string(pod.UID)] && pod.DeletionTimestamp == nil {
				p = &Pod{access: w.access, name: pod.Name, uid: string(pod.UID)}
			}
		}
		return p != nil, err
	})
	if wait.Interrupted(err) {
		return nil, fmt.Errorf("%s makes no pod on %s in time", w.name, node)
	}
	if err != nil {
		return nil, err
	}
	return p, p.start(ctx)
}

func (w *workload) pods(ctx context.Context) ([]corev1.Pod, error) {
	found, err := w.access.Client.CoreV1().Pods(w.access.Namespace).List(ctx, metav1.ListOptions{LabelSelector: workloadLabel + "=" + w.name})
	if err != nil {
		return nil, fmt.Errorf("list the pods of %s: %w", w.name, err)
	}
	return found.Items, nil
}

// Update implements conformance.Workload.
func (w *workload) Update(ctx context.Context) error {
	found, err := w.pods(ctx)
	if err != nil {
		return err
	}
	for _, pod := range found {
		w.old[string(pod.UID)] = true
	}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{
		"annotations": map[string]string{"chainlint.dev/update": newID()},
	}}}})
	if err != nil {
		return err
	}
	_, err = w.client.Patch(ctx, w.name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// Delete implements conformance.Workload.
func (w *workload) Delete(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalLimit)
	defer cancel()
	for _, p := range w.made {
		if p.Remote != nil {
			_ = p.Close()
		}
	}
	background := metav1.DeletePropagationBackground
	err := w.client.Delete(ctx, w.name, metav1.DeleteOptions{PropagationPolicy: &background})
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	return w.gone(ctx)
}

// gone waits until no pod is left.
func (w *workload) gone(ctx context.Context) error {
	err := wait.PollUntilContextCancel(ctx, again, true, func(ctx context.Context) (bool, error) {
		found, err := w.pods(ctx)
		return len(found) == 0, err
	})
	if wait.Interrupted(err) {
		return errors.New("the pods of " + w.name + " do not go")
	}
	return err
}
