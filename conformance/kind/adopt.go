// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/chainlint/chainlint/conformance/cluster"
)

// adopt takes a cluster that an earlier run left, and mends what that one broke on purpose and could not mend; what it
// left in the cluster is removed once Terway's stand-in serves. What is half made is an error.
func (c *Cluster) adopt(ctx context.Context, text []byte) error {
	err := c.recognize(ctx, text)
	if err == nil {
		err = c.install(ctx)
	}
	if err == nil {
		err = c.onAll(func(n *node) error {
			return errors.Join(script(ctx, n.name, mendScript), behind(ctx, n.name, c.vpc.container(), c.dual()))
		})
	}
	c.adopted = err == nil
	if err != nil {
		return fmt.Errorf("the cluster %s that is there is not whole, chainlint-conformance cleanup removes it: %w", c.Name, err)
	}
	c.say("cluster %s, which an earlier run left", c.Name)
	return nil
}

// recognize finds out what a cluster that is there consists of.
func (c *Cluster) recognize(ctx context.Context, text []byte) error {
	config, err := c.provider.KubeConfig(c.Name, false)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Kubeconfig, []byte(config), 0o600); err != nil {
		return err
	}
	image, err := docker(ctx, "inspect", "--format", "{{.Image}}", c.Name+"-control-plane")
	if err != nil {
		return err
	}
	if _, err := c.configure(ctx, text, image); err != nil {
		return err
	}
	if err := c.findNodes(ctx); err != nil {
		return err
	}
	c.vpc = vpc{name: c.Name}
	return c.findAddresses(ctx)
}

// tidy removes what an interrupted run left in a cluster that was adopted: its namespaces, and then rules of host ports,
// where no pod has any.
func (c *Cluster) tidy(ctx context.Context, access *cluster.Access) error {
	if !c.adopted {
		return nil
	}
	c.adopted = false
	if _, err := access.Clean(ctx, cluster.EnvironmentLabel+"="+environmentName, true); err != nil {
		return err
	}
	pods, err := access.Client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if slices.ContainsFunc(pods.Items, func(p corev1.Pod) bool { return !p.Spec.HostNetwork && len(cluster.HostPorts(p)) > 0 }) {
		return nil
	}
	return c.onAll(func(n *node) error { return script(ctx, n.name, flushScript) })
}

//go:embed flush.sh
var flushScript string
