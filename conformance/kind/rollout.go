// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/internal/image"
	"github.com/chainlint/chainlint/pkg/terway"
)

// suiteImage is the name under which nodes have the image of probes.
const suiteImage = "chainlint.dev/chainlint:local"

// conflistPath is the list on a node.
const conflistPath = "/etc/cni/net.d/" + terway.ConflistName

// loadImages brings the one image to all nodes, under its own name and under Terway's.
func (c *Cluster) loadImages(ctx context.Context, version string) error {
	if len(c.loaded) == 0 {
		programs, err := c.programs()
		if err != nil {
			return err
		}
		built, err := image.Build(programs)
		if err != nil {
			return err
		}
		var archive bytes.Buffer
		if err := image.Save(&archive, built, suiteImage); err != nil {
			return err
		}
		if err := c.onAll(func(n *node) error { return nodeutils.LoadImageArchive(n, bytes.NewReader(archive.Bytes())) }); err != nil {
			return err
		}
	}
	if c.loaded[version] {
		return nil
	}
	err := c.onAll(func(n *node) error {
		return n.CommandContext(ctx, "ctr", "--namespace=k8s.io", "images", "tag", "--force", suiteImage, standInImage(version)).Run()
	})
	c.loaded[version] = err == nil
	return err
}

// setPlugins gives the nodes the reference plugins of a directory, as a node image would bring them: those named in
// installed, all where that is nil.
func (c *Cluster) setPlugins(ctx context.Context, dir string, installed []string) error {
	wanted := []string{"portmap", "tuning", "bandwidth", "firewall", "sbr", "vrf"}
	for _, plugin := range wanted {
		file := filepath.Join(dir, plugin)
		for _, name := range c.names() {
			var err error
			if installed != nil && !slices.Contains(installed, plugin) {
				_, err = docker(ctx, "exec", name, "rm", "-f", "/opt/cni/bin/"+plugin)
			} else {
				_, err = docker(ctx, "cp", file, name+":/opt/cni/bin/"+plugin)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// apply makes the ConfigMap, and Terway's stand-in of a release.
func (c *Cluster) apply(ctx context.Context, client kubernetes.Interface, version string, data map[string]string) error {
	account, role, binding := rights()
	core, apps, rbac := client.CoreV1(), client.AppsV1().DaemonSets(terway.ConfigMapNamespace), client.RbacV1()
	_, err := core.ServiceAccounts(terway.ConfigMapNamespace).Create(ctx, account, metav1.CreateOptions{})
	failed := []error{unlessThere(err)}
	_, err = rbac.ClusterRoles().Create(ctx, role, metav1.CreateOptions{})
	failed = append(failed, unlessThere(err))
	_, err = rbac.ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	failed = append(failed, unlessThere(err), putConfig(ctx, client, data))
	var ranges []string
	for _, r := range c.PodRanges {
		ranges = append(ranges, r.String())
	}
	set := daemonSet(version, c.nodes[0].ip.String()+":6443", ranges)
	_, err = apps.Create(ctx, set, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		_, err = apps.Update(ctx, set, metav1.UpdateOptions{})
	}
	return errors.Join(append(failed, err)...)
}

func unlessThere(err error) error {
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// withLive are the data of a ConfigMap and, where they leave eni_conf to the live object, a lab's eni_conf: Terway's
// init container ends without.
func withLive(data map[string]string) map[string]string {
	if _, ok := data[terway.ENIConfKey]; ok || len(data) == 0 {
		return data
	}
	whole := maps.Clone(data)
	whole[terway.ENIConfKey] = conformance.DefaultSetup().Data[terway.ENIConfKey]
	return whole
}

// putConfig makes the ConfigMap, or replaces what is in it.
func putConfig(ctx context.Context, client kubernetes.Interface, data map[string]string) error {
	maps := client.CoreV1().ConfigMaps(terway.ConfigMapNamespace)
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: terway.ConfigMapName, Namespace: terway.ConfigMapNamespace}, Data: data}
	_, err := maps.Update(ctx, object, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = maps.Create(ctx, object, metav1.CreateOptions{})
	}
	return err
}

// restart replaces all pods of the stand-in at once, which an operator does node by node.
func restart(ctx context.Context, client kubernetes.Interface) error {
	grace := int64(0)
	return client.CoreV1().Pods(terway.ConfigMapNamespace).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &grace}, metav1.ListOptions{LabelSelector: standInSelector})
}

const standInSelector = "app=" + terway.DaemonSetName

// readyLimit bounds how long Terway's stand-in may take on all nodes.
const readyLimit = 90 * time.Second

// awaitTerway waits until the stand-in is ready on all nodes with pods of its newest template that are none of the old
// ones, and the nodes are. Where its init container fails, the error is a [*conformance.StartError]; where the runtime refuses the list,
// too.
func awaitTerway(ctx context.Context, client kubernetes.Interface, old map[string]bool) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for {
		state, err := terwayState(ctx, client, old)
		if err != nil {
			return err
		}
		if state == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("Terway's stand-in is not ready: %s", state) //nolint:staticcheck // a name
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// terwayState is what is still to be waited for.
func terwayState(ctx context.Context, client kubernetes.Interface, old map[string]bool) (string, error) {
	set, err := client.AppsV1().DaemonSets(terway.ConfigMapNamespace).Get(ctx, terway.DaemonSetName, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	pods, err := client.CoreV1().Pods(terway.ConfigMapNamespace).List(ctx, metav1.ListOptions{LabelSelector: standInSelector})
	if err != nil {
		return "", err
	}
	if set.Status.ObservedGeneration < set.Generation {
		return "its controller has not seen the change", nil
	}
	newest, err := revision(ctx, client)
	if err != nil {
		return "", err
	}
	ready := 0
	for _, p := range pods.Items {
		if old[string(p.UID)] || p.DeletionTimestamp != nil || p.Labels[appsv1.ControllerRevisionHashLabelKey] != newest {
			continue
		}
		if why := initFailed(ctx, client, p); why != "" {
			return "", &conformance.StartError{Stage: conformance.StageTerway, Err: errors.New(why)}
		}
		if isReady(p) {
			ready++
		}
	}
	if int32(ready) < max(set.Status.DesiredNumberScheduled, 1) {
		return fmt.Sprintf("it is ready on %d of %d nodes", ready, set.Status.DesiredNumberScheduled), nil
	}
	return nodesState(ctx, client)
}

// revision is the hash of the newest template of the DaemonSet.
func revision(ctx context.Context, client kubernetes.Interface) (string, error) {
	all, err := client.AppsV1().ControllerRevisions(terway.ConfigMapNamespace).List(ctx, metav1.ListOptions{LabelSelector: standInSelector})
	if err != nil || len(all.Items) == 0 {
		return "", err
	}
	newest := slices.MaxFunc(all.Items, func(a, b appsv1.ControllerRevision) int { return cmp.Compare(a.Revision, b.Revision) })
	return newest.Labels[appsv1.ControllerRevisionHashLabelKey], nil
}

func isReady(p corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// initFailed is what the init container said when it failed, "" where it did not.
func initFailed(ctx context.Context, client kubernetes.Interface, p corev1.Pod) string {
	for _, s := range p.Status.InitContainerStatuses {
		ended := s.State.Terminated
		if ended == nil && s.LastTerminationState.Terminated != nil {
			ended = s.LastTerminationState.Terminated
		}
		if ended == nil || ended.ExitCode == 0 {
			continue
		}
		lines := int64(3)
		text, err := client.CoreV1().Pods(p.Namespace).GetLogs(p.Name, &corev1.PodLogOptions{Container: s.Name, TailLines: &lines}).DoRaw(ctx)
		if err != nil {
			return fmt.Sprintf("its init container ended with exit code %d", ended.ExitCode)
		}
		return strings.TrimSpace(string(text))
	}
	return ""
}

// nodesState names a node that is not ready.
func nodesState(ctx context.Context, client kubernetes.Interface) (string, error) {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	for _, n := range nodes.Items {
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
				return fmt.Sprintf("the node %s is not ready: %s", n.Name, c.Message), nil
			}
		}
	}
	return "", nil
}

// standIns are the UIDs of the stand-in's pods.
func standIns(ctx context.Context, client kubernetes.Interface) (map[string]bool, error) {
	pods, err := client.CoreV1().Pods(terway.ConfigMapNamespace).List(ctx, metav1.ListOptions{LabelSelector: standInSelector})
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for _, p := range pods.Items {
		all[string(p.UID)] = true
	}
	return all, nil
}

// provision makes the cluster what the facts and the ConfigMap say: plugins, Terway's release, the chain.
func (c *Cluster) provision(ctx context.Context, client kubernetes.Interface, setup conformance.Setup, plugins string) error {
	if err := c.setPlugins(ctx, plugins, setup.Facts.CNIPlugins.Installed); err != nil {
		return err
	}
	if err := c.loadImages(ctx, setup.Facts.Terway.Version); err != nil {
		return fmt.Errorf("load the image: %w", err)
	}
	if err := fresh(ctx, c.names()); err != nil {
		return err
	}
	old, err := standIns(ctx, client)
	if err != nil {
		return err
	}
	if err := c.apply(ctx, client, setup.Facts.Terway.Version, setup.Data); err != nil {
		return fmt.Errorf("install Terway's stand-in: %w", err)
	}
	if len(old) > 0 {
		if err := restart(ctx, client); err != nil {
			return err
		}
	}
	if err := awaitTerway(ctx, client, old); err != nil {
		return err
	}
	return awaitKubeProxy(ctx, client, setup.Facts.KubeProxyMode)
}

//go:embed fresh.sh
var freshScript string

// fresh makes nodes such as no symmetric routing was ever made on.
func fresh(ctx context.Context, nodes []string) error {
	for _, name := range nodes {
		if err := script(ctx, name, freshScript); err != nil {
			return fmt.Errorf("make the node %s fresh: %w", name, err)
		}
	}
	return nil
}

// awaitKubeProxy waits until the world has the kube-proxy that the facts say, or none.
func awaitKubeProxy(ctx context.Context, client kubernetes.Interface, mode string) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for {
		set, err := client.AppsV1().DaemonSets(terway.ConfigMapNamespace).Get(ctx, "kube-proxy", metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err) && mode == terway.KubeProxyNone:
			return nil
		case err != nil:
			return fmt.Errorf("kube-proxy (mode %s): %w", mode, err)
		case set.Status.NumberReady > 0 && set.Status.NumberReady == set.Status.DesiredNumberScheduled:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("kube-proxy (mode %s) runs on %d of %d nodes only: kubectl -n kube-system describe pods -l k8s-app=kube-proxy tells why", mode, set.Status.NumberReady, set.Status.DesiredNumberScheduled)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
