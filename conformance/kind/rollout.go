// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/cluster"
	"github.com/chainlint/chainlint/internal/image"
	"github.com/chainlint/chainlint/pkg/cni"
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

// setPlugins gives the nodes the reference plugins that the facts name, as a node image would bring them. plugins is the
// directory of each.
func (c *Cluster) setPlugins(ctx context.Context, plugins func(plugin string) (string, error), f terway.PoolFacts) error {
	for _, plugin := range []string{cni.Portmap, cni.Tuning, "bandwidth", "firewall", "sbr", "vrf"} {
		dir, err := plugins(plugin)
		if err != nil {
			return err
		}
		for _, name := range c.names() {
			if f.PluginMissing(plugin) {
				_, err = docker(ctx, "exec", name, "rm", "-f", "/opt/cni/bin/"+plugin)
			} else {
				_, err = docker(ctx, "cp", filepath.Join(dir, plugin), name+":/opt/cni/bin/"+plugin)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// apply makes the ConfigMap, and the stand-in for the Terway of the facts.
func (c *Cluster) apply(ctx context.Context, client kubernetes.Interface, f terway.PoolFacts, data map[string]string) error {
	environment, err := c.environmentOf(ctx, f)
	if err != nil {
		return err
	}
	account, role, binding := rights()
	core, apps, rbac := client.CoreV1(), client.AppsV1().DaemonSets(terway.ConfigMapNamespace), client.RbacV1()
	_, err = core.ServiceAccounts(terway.ConfigMapNamespace).Create(ctx, account, metav1.CreateOptions{})
	failed := []error{unlessThere(err)}
	_, err = rbac.ClusterRoles().Create(ctx, role, metav1.CreateOptions{})
	failed = append(failed, unlessThere(err))
	_, err = rbac.ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	failed = append(failed, unlessThere(err), putConfig(ctx, client, data))
	set := daemonSet(f.Terway.Version, environment)
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

// readyLimit bounds how long Terway's stand-in may take on all nodes.
const readyLimit = 90 * time.Second

// terwayOf is the stand-in on a cluster.
func terwayOf(client kubernetes.Interface) cluster.Terway {
	return cluster.Terway{Client: client, Limit: readyLimit}
}

// provision makes the cluster what the facts and the ConfigMap say: plugins, Terway's release, the chain.
func (c *Cluster) provision(ctx context.Context, client kubernetes.Interface, setup conformance.Setup, plugins func(plugin string) (string, error)) error {
	if err := c.setPlugins(ctx, plugins, setup.Facts); err != nil {
		return err
	}
	if err := furnish(ctx, client, c.names(), setup); err != nil {
		return err
	}
	if err := c.loadImages(ctx, setup.Facts.Terway.Version); err != nil {
		return fmt.Errorf("load the image: %w", err)
	}
	if err := fresh(ctx, c.names()); err != nil {
		return err
	}
	if err := c.apply(ctx, client, setup.Facts, setup.Data); err != nil {
		return fmt.Errorf("install Terway's stand-in: %w", err)
	}
	if err := terwayOf(client).Restart(ctx, ""); err != nil {
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
	var set *appsv1.DaemonSet
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, readyLimit, true, func(ctx context.Context) (bool, error) {
		var err error
		set, err = client.AppsV1().DaemonSets(terway.ConfigMapNamespace).Get(ctx, "kube-proxy", metav1.GetOptions{})
		if apierrors.IsNotFound(err) && mode == terway.KubeProxyNone {
			return true, nil
		}
		return err == nil && set.Status.NumberReady > 0 && set.Status.NumberReady == set.Status.DesiredNumberScheduled, err
	})
	if wait.Interrupted(err) {
		return fmt.Errorf("kube-proxy (mode %s) runs on %d of %d nodes only: kubectl -n kube-system describe pods -l k8s-app=kube-proxy tells why", mode, set.Status.NumberReady, set.Status.DesiredNumberScheduled)
	}
	if err != nil {
		return fmt.Errorf("kube-proxy (mode %s): %w", mode, err)
	}
	return nil
}
