// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/cluster"
)

// rebootLimit bounds a reboot, from the order to the pod that answers again.
const rebootLimit = 3 * time.Minute

// Reboot implements conformance.Machines: the container of the node is started again.
func (e *environment) Reboot(ctx context.Context, p conformance.Pod) error {
	back, ok := p.(interface {
		Resume(ctx context.Context, limit time.Duration, end func(context.Context) error) error
	})
	if !ok {
		return fmt.Errorf("%T does not come back", p)
	}
	return back.Resume(ctx, rebootLimit, e.lane.reboot)
}

// reboot starts the first node again, and puts it where it was in the VPC. It boots without its ENI, because kind takes
// any address of the container for that of the node.
func (l *lane) reboot(ctx context.Context) error {
	place, name, network := l.places[conformance.OnNode].(*machine), l.World.Node, vpc{l.Name}.network()
	for _, args := range [][]string{{"network", "disconnect", network, name}, {"restart", "-t", "10", name}, {"network", "connect", network, name}} {
		if _, err := docker(ctx, args...); err != nil {
			return err
		}
	}
	for on, was := range map[string]netip.Addr{kindNetwork: l.World.Layout.Node.Address, network: l.World.Layout.Node.Secondary} {
		ip, _, err := addressesOf(ctx, name, on)
		if err == nil && ip != was {
			err = fmt.Errorf("the engine gave %s the address %s on %s after the reboot, and it was %s", name, ip, on, was)
		}
		if err != nil {
			return err
		}
	}
	if err := script(ctx, name, bootedScript); err != nil { // sysctls of the image are set meanwhile
		return fmt.Errorf("wait for the boot of %s: %w", name, err)
	}
	if err := behind(ctx, name, l.VPC, l.World.Layout.Dual); err != nil {
		return err
	}
	_ = place.Close() // its process went with the node
	var err error
	place.Remote, err = inContainer(name)
	return err
}

// bootedScript waits for the last thing that a node starts when it boots.
const bootedScript = "until systemctl is-active --quiet kubelet; do sleep 0.2; done\n"

//go:embed forget.sh
var forgetScript string

// Join implements conformance.Machines: what makes the last node a member is taken from it and from the cluster, and
// its kubelet registers it as one that nobody knows.
func (e *environment) Join(ctx context.Context) (string, error) {
	l, name := e.lane, e.lane.Nodes[len(e.lane.Nodes)-1]
	nodes := l.access.Client.CoreV1().Nodes()
	old, err := nodes.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	l.current = nil // nodes differ
	err = script(ctx, name, forgetScript+flushScript)
	if err == nil {
		err = errors.Join(nodes.Delete(ctx, name, metav1.DeleteOptions{}), l.forgetPods(ctx, name))
	}
	if err := errors.Join(err, script(context.WithoutCancel(ctx), name, "systemctl start kubelet\n")); err != nil {
		return "", fmt.Errorf("make %s forget the cluster: %w", name, err)
	}
	parts, err := l.registered(ctx, name)
	if err != nil {
		return "", err
	}
	if err := l.reroute(ctx, old.Spec.PodCIDRs, parts); err != nil {
		return "", err
	}
	return name, terwayOf(l.access.Client).Await(ctx, cluster.Awaited{Node: name})
}

// forgetPods removes the pods of a node that is no more: nobody else would confirm their end.
func (l *lane) forgetPods(ctx context.Context, node string) error {
	pods, now := l.access.Client.CoreV1(), int64(0)
	found, err := pods.Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + node})
	if err != nil {
		return err
	}
	for _, p := range found.Items {
		err := pods.Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// registered waits for a node, and returns its parts of the pods' ranges.
func (l *lane) registered(ctx context.Context, name string) (parts []string, err error) {
	err = wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, readyLimit, true, func(ctx context.Context) (bool, error) {
		n, err := l.access.Client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		if err == nil {
			parts = n.Spec.PodCIDRs
		}
		return len(parts) > 0, err
	})
	if err != nil {
		return nil, fmt.Errorf("the node %s does not join: %w", name, err)
	}
	return parts, nil
}

// reroute leads packets to the pods of the last node where they are now.
func (l *lane) reroute(ctx context.Context, before, now []string) error {
	text := ""
	for _, part := range before {
		text += fmt.Sprintf("ip route del %s\n", part)
	}
	for _, part := range now {
		p, err := netip.ParsePrefix(part)
		if err != nil {
			return err
		}
		via := l.World.Layout.Other.Secondary
		if p.Addr().Is6() {
			via = l.World.Layout.Other.Secondary6
		}
		text += fmt.Sprintf("ip route replace %s via %s\n", p, via)
	}
	return script(ctx, l.VPC, text)
}
