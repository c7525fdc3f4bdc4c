// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Terway is the DaemonSet of a cluster, as one sees and restarts it who rolls a chain out.
type Terway struct {
	Client kubernetes.Interface
	// Limit is how long it may take to be ready again.
	Limit time.Duration
}

// Pods are the UIDs of Terway's pods.
type Pods map[types.UID]bool

// Awaited says which pods of Terway count for [Terway.Await].
type Awaited struct {
	// Node is the only one that matters, "" for all.
	Node string
	// Old pods do not count.
	Old Pods
	// Newest: only those of the newest template of the DaemonSet do.
	Newest bool
}

// terwayPods selects Terway's pods: charts/terway/templates/terwayd/daemonset.yaml labels them with its name.
var terwayPods = "app in (" + strings.Join(terway.DaemonSetNames, ",") + ")"

func onNode(node string) metav1.ListOptions {
	options := metav1.ListOptions{LabelSelector: terwayPods}
	if node != "" {
		options.FieldSelector = "spec.nodeName=" + node
	}
	return options
}

func (t Terway) list(ctx context.Context, node string) ([]corev1.Pod, error) {
	var found *corev1.PodList
	err := persist(ctx, func(ctx context.Context) (err error) {
		found, err = t.Client.CoreV1().Pods(terway.ConfigMapNamespace).List(ctx, onNode(node))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list Terway's pods: %w", err)
	}
	return found.Items, nil
}

// persistLimit is how long the API may not answer: its server may be restarted.
const persistLimit = time.Minute

// persist asks the API again where it does not answer.
func persist(ctx context.Context, ask func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, again, persistLimit, true, func(ctx context.Context) (bool, error) {
		if last = ask(ctx); last != nil && passing(last) {
			return false, nil
		}
		return last == nil, last
	})
	if wait.Interrupted(err) && last != nil {
		return last
	}
	return err
}

// Pods of Terway that are there now, on a node, or on all where that is "".
func (t Terway) Pods(ctx context.Context, node string) (Pods, error) {
	found, err := t.list(ctx, node)
	all := Pods{}
	for _, p := range found {
		all[p.UID] = true
	}
	return all, err
}

// Restart deletes the pods of Terway on a node, or all at once where that is "", and waits for others. The error is a
// [*conformance.StartError] where the init container fails.
func (t Terway) Restart(ctx context.Context, node string) error {
	old, err := t.Pods(ctx, node)
	if err != nil {
		return err
	}
	err = persist(ctx, func(ctx context.Context) error {
		return t.Client.CoreV1().Pods(terway.ConfigMapNamespace).DeleteCollection(ctx, metav1.DeleteOptions{}, onNode(node))
	})
	if err != nil {
		return fmt.Errorf("restart Terway: %w", err)
	}
	return t.Await(ctx, Awaited{Node: node, Old: old, Newest: node == ""})
}

// Await waits until Terway is ready, and with it the nodes. The error is a [*conformance.StartError] where its init
// container fails, or where the runtime refuses the list.
func (t Terway) Await(ctx context.Context, a Awaited) error {
	ctx, cancel := context.WithTimeout(ctx, t.Limit)
	defer cancel()
	state, refused := "", 0
	err := wait.PollUntilContextCancel(ctx, terwayCheck, true, func(ctx context.Context) (done bool, err error) {
		state, err = t.podsState(ctx, a)
		if state == "" && err == nil {
			state, err = t.nodesState(ctx, a.Node)
			refused++
		}
		if err == nil && refused > refusalChecks && strings.Contains(state, runtimeWords) {
			err = &conformance.StartError{Stage: conformance.StageRuntime, Err: errors.New(state)}
		}
		if err != nil && passing(err) {
			state, err = err.Error(), nil
		}
		return state == "", err
	})
	if wait.Interrupted(err) {
		return fmt.Errorf("Terway is not ready: %s", cmp.Or(state, err.Error()))
	}
	return err
}

// terwayCheck is how often Terway is looked at, and refusalChecks after how many looks at a Terway that is ready a node
// without network is one whose runtime refuses the list, and not one that has not read it yet.
const (
	terwayCheck   = 300 * time.Millisecond
	refusalChecks = 50
)

// runtimeWords are in the message of a node whose runtime has no list (containerd/containerd:internal/cri/server/status.go).
const runtimeWords = "network plugin"

// passing tells whether an error of the API may be gone when it is asked again.
func passing(err error) bool {
	var start *conformance.StartError
	return !errors.As(err, &start) && !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err) && !apierrors.IsUnauthorized(err) && !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err)
}

// podsState is what is still to be waited for of Terway's pods.
func (t Terway) podsState(ctx context.Context, a Awaited) (string, error) {
	wanted, newest, err := t.wanted(ctx, a)
	if err != nil {
		return "", err
	}
	found, err := t.list(ctx, a.Node)
	if err != nil {
		return "", err
	}
	isReady := 0
	for _, p := range found {
		if a.Old[p.UID] || p.DeletionTimestamp != nil || a.Newest && p.Labels[appsv1.ControllerRevisionHashLabelKey] != newest {
			continue
		}
		if why := t.initFailed(ctx, p); why != "" {
			return "", &conformance.StartError{Stage: conformance.StageTerway, Err: errors.New(why)}
		}
		if podReady(p) {
			isReady++
		}
	}
	if isReady < wanted {
		return fmt.Sprintf("%d of %d pods are", isReady, wanted), nil
	}
	return "", nil
}

// wanted is how many pods are to be ready, and of which template.
func (t Terway) wanted(ctx context.Context, a Awaited) (wanted int, newest string, err error) {
	if a.Node != "" {
		return 1, "", nil
	}
	set, err := t.Client.AppsV1().DaemonSets(terway.ConfigMapNamespace).Get(ctx, terway.DaemonSetName, metav1.GetOptions{})
	if err != nil {
		return 0, "", err
	}
	wanted = int(max(set.Status.DesiredNumberScheduled, 1))
	if !a.Newest {
		return wanted, "", nil
	}
	if set.Status.ObservedGeneration < set.Generation {
		return wanted, "of a template that the controller has not seen", nil
	}
	all, err := t.Client.AppsV1().ControllerRevisions(terway.ConfigMapNamespace).List(ctx, metav1.ListOptions{LabelSelector: terwayPods})
	if err != nil || len(all.Items) == 0 {
		return wanted, "", err
	}
	last := slices.MaxFunc(all.Items, func(a, b appsv1.ControllerRevision) int { return cmp.Compare(a.Revision, b.Revision) })
	return wanted, last.Labels[appsv1.ControllerRevisionHashLabelKey], nil
}

func podReady(p corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// initFailed is what the init container said when it failed a second time, "" where it did not: a first time can have other
// reasons than the chain.
func (t Terway) initFailed(ctx context.Context, p corev1.Pod) string {
	for _, s := range p.Status.InitContainerStatuses {
		ended := cmp.Or(s.State.Terminated, s.LastTerminationState.Terminated)
		if ended == nil || ended.ExitCode == 0 || s.State.Running != nil || s.RestartCount == 0 {
			continue
		}
		lines := int64(1)
		text, _ := t.Client.CoreV1().Pods(p.Namespace).GetLogs(p.Name, &corev1.PodLogOptions{Container: s.Name, TailLines: &lines}).DoRaw(ctx)
		return cmp.Or(complaint(string(text)), fmt.Sprintf("its init container ends with exit code %d", ended.ExitCode))
	}
	return ""
}

// complaint is the last line of a log, but for the one in which terway-cli prints eni_conf, which nobody may repeat
// (cmd/terway-cli/node.go, getENIConfig).
func complaint(line string) string {
	if line = strings.TrimSpace(line); strings.HasPrefix(line, "eni config:") {
		return ""
	}
	return line
}

// nodesState names a node that is not ready: of those that matter, "" for all.
func (t Terway) nodesState(ctx context.Context, node string) (string, error) {
	options := metav1.ListOptions{}
	if node != "" {
		options.FieldSelector = "metadata.name=" + node
	}
	found, err := t.Client.CoreV1().Nodes().List(ctx, options)
	if err != nil {
		return "", err
	}
	for _, n := range found.Items {
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
				return fmt.Sprintf("the node %s is not ready: %s", n.Name, c.Message), nil
			}
		}
	}
	return "", nil
}
