// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/chainlint/chainlint/conformance/kind"
	"github.com/chainlint/chainlint/conformance/stub"
	"github.com/chainlint/chainlint/pkg/terway"
)

// stub is a container of the DaemonSet that stands in for Terway's.
func (a *app) stub(ctx context.Context, args []string) int {
	run := map[string]func(context.Context) error{"init": stubInit, "daemon": stubDaemon, "policy": stubPolicy}
	if len(args) != 1 || run[args[0]] == nil {
		a.say("stub is run by the DaemonSet of kind clusters: init, daemon or policy")
		return exitUsage
	}
	if err := run[args[0]](ctx); err != nil {
		a.say("stub %s: %v", args[0], err)
		return exitCouldNotRun
	}
	return exitOK
}

// ownNode asks the API for the node that this process runs on.
func ownNode(ctx context.Context) (*corev1.Node, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return client.CoreV1().Nodes().Get(ctx, os.Getenv(kind.NodeNameVariable), metav1.GetOptions{})
}

func stubInit(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	node, err := ownNode(ctx)
	if err != nil {
		return err
	}
	var here terway.Node
	if err := json.Unmarshal([]byte(os.Getenv(kind.NodeVariable)), &here); err != nil {
		return fmt.Errorf("%s: %w", kind.NodeVariable, err)
	}
	here.ExclusiveENI = exclusive(node)
	if err := stub.PrepareHost(); err != nil {
		return err
	}
	merged, err := stub.Init(stub.PodDirs, self, here)
	if err != nil || merged.Symmetric == nil {
		return err
	}
	if err := unix.Chroot(kind.HostRoot); err != nil { // the tools are the node's
		return err
	}
	if err := os.Setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"); err != nil {
		return err
	}
	return stub.Symmetric(ctx, *merged.Symmetric, len(node.Spec.PodCIDRs) > 1)
}

func exclusive(node *corev1.Node) bool {
	return strings.EqualFold(node.Labels[terway.ExclusiveENILabel], "eniOnly")
}

// runDir is where Terway's daemon keeps what outlives it.
const runDir = "/var/run/eni"

func stubDaemon(ctx context.Context) error {
	node, err := ownNode(ctx)
	if err != nil {
		return err
	}
	datapath, err := stub.Datapath(stub.PodDirs)
	if err != nil {
		return err
	}
	datapath = cmp.Or(os.Getenv(kind.DatapathVariable), datapath)
	pool := &stub.Pool{ENI: os.Getenv(kind.ENIVariable), File: filepath.Join(runDir, "pods.json")}
	if pool.VSwitches, err = prefixes(strings.Split(os.Getenv(kind.VSwitchVariable), ",")); err != nil {
		return err
	}
	if pool.Slices, err = prefixes(node.Spec.PodCIDRs); err != nil {
		return err
	}
	if len(pool.VSwitches) != len(pool.Slices) {
		return fmt.Errorf("the node has %q of the vSwitches %q", pool.Slices, pool.VSwitches)
	}
	if stub.Redirects(datapath, exclusive(node)) {
		if pool.Redirect, err = redirect(node, pool.ENI); err != nil {
			return err
		}
	}
	if err := pool.Load(); err != nil {
		return err
	}
	return stub.Listen(ctx, stub.Socket, pool, datapath, func() error { return stub.Publish(stub.PodDirs) })
}

func prefixes(words []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, word := range words {
		p, err := netip.ParsePrefix(word)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// redirect is what becomes of what pods of a node send: all but what is for the node itself.
func redirect(node *corev1.Node, eni string) (*stub.Redirect, error) {
	r := &stub.Redirect{Router: os.Getenv(kind.RouterVariable)}
	for _, a := range node.Status.Addresses {
		if ip, err := netip.ParseAddr(a.Address); err == nil && a.Type == corev1.NodeInternalIP {
			r.Own = append(r.Own, ip)
		}
	}
	link, err := net.InterfaceByName(eni)
	if err != nil {
		return nil, fmt.Errorf("find the ENI %s: %w", eni, err)
	}
	addresses, err := link.Addrs()
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			r.Own = append(r.Own, p.Addr())
		}
	}
	return r, err
}

// stubPolicy is the container with the only probe of Terway's DaemonSet.
func stubPolicy(ctx context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:9099")
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	for {
		conn, err := l.Accept()
		if err != nil {
			return nil //nolint:nilerr // it was told to end
		}
		_ = conn.Close()
	}
}
