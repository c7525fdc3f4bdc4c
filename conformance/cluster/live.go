// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Live is what a cluster says of itself. Config can hold credentials: it is never printed.
type Live struct {
	Facts *render.FoundFacts
	// Config is the ConfigMap eni-config as YAML, "" where there is none.
	Config string
	// Replaced says whose list the ConfigMap has, where it is that of a run, "" where it is not.
	Replaced string
	Nodes    []corev1.Node
	api      string
}

// API is where pods find the API server.
func (l *Live) API() string { return l.api }

// Read asks a cluster for its facts: of everything that it looks at it only keeps what FoundFacts knows.
func (a *Access) Read(ctx context.Context) (*Live, error) {
	live := &Live{Facts: render.NewFacts()}
	nodes, err := a.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the nodes: %w", err)
	}
	live.Nodes = nodes.Items
	for i := range nodes.Items {
		n := &nodes.Items[i]
		n.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}
		if err := live.add(n); err != nil {
			return nil, err
		}
	}
	sets, err := a.Client.AppsV1().DaemonSets(terway.ConfigMapNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the DaemonSets of %s: %w", terway.ConfigMapNamespace, err)
	}
	for i := range sets.Items {
		sets.Items[i].TypeMeta = metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "DaemonSet"}
		if err := live.add(&sets.Items[i]); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"kube-proxy", terway.ConfigMapName} {
		if err := live.configMap(ctx, a, name); err != nil {
			return nil, err
		}
	}
	live.Facts.Done()
	if service, err := a.Client.CoreV1().Services("default").Get(ctx, "kubernetes", metav1.GetOptions{}); err == nil && len(service.Spec.Ports) > 0 {
		live.api = net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(int(service.Spec.Ports[0].Port)))
	}
	return live, nil
}

func (l *Live) configMap(ctx context.Context, a *Access, name string) error {
	object, err := a.Client.CoreV1().ConfigMaps(terway.ConfigMapNamespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the ConfigMap %s/%s: %w", terway.ConfigMapNamespace, name, err)
	}
	object.TypeMeta, object.ManagedFields = metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, nil
	if name == terway.ConfigMapName {
		text, err := yaml.Marshal(object)
		if err != nil {
			return err
		}
		l.Config = string(text)
		there, err := record(object)
		if err != nil {
			return err
		}
		if there != nil {
			l.Replaced = there.words()
		}
	}
	return l.add(object)
}

// add hands an object to the facts, in the form in which kubectl prints it.
func (l *Live) add(object any) error {
	text, err := yaml.Marshal(object)
	if err != nil {
		return err
	}
	read, err := manifest.Read("cluster", text)
	if err != nil {
		return err
	}
	for _, o := range read {
		l.Facts.Add(o)
	}
	return nil
}

// Sample chooses a node of a pool to judge, and a second one to ask from; of the cluster's other nodes where pool is
// "". only, where it is not empty, are the nodes that may be judged. alike: the second one is of the same kind, or there is
// none.
func (l *Live) Sample(pool string, named []string, only []string, alike bool) (node, other string, err error) {
	of := func(n corev1.Node) string {
		if p := n.Labels[terway.PoolLabel]; slices.Contains(named, p) {
			return p
		}
		return ""
	}
	may := func(n corev1.Node) bool { return of(n) == pool && (len(only) == 0 || slices.Contains(only, n.Name)) }
	for _, n := range l.Nodes {
		if node == "" && usable(n) && may(n) {
			node = n.Name
		}
	}
	for _, n := range l.Nodes {
		if other == "" && n.Name != node && usable(n) && (!alike || may(n)) {
			other = n.Name
		}
	}
	if node == "" {
		return "", "", fmt.Errorf("no node of %s can be judged: none is ready and schedulable%s", poolWords(pool), onlyWords(only))
	}
	return node, other, nil
}

func poolWords(pool string) string {
	if pool == "" {
		return "this cluster"
	}
	return "the node pool " + pool
}

func onlyWords(only []string) string {
	if len(only) == 0 {
		return ""
	}
	return fmt.Sprintf(", or none of those is among %q", only)
}

// usable tells whether pods of the suite may be put on a node. Control planes are left alone.
func usable(n corev1.Node) bool {
	if _, control := n.Labels["node-role.kubernetes.io/control-plane"]; control || n.Spec.Unschedulable {
		return false
	}
	return slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}
