// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/invoke"
	"github.com/containernetworking/cni/pkg/types"
	current "github.com/containernetworking/cni/pkg/types/100"

	"github.com/chainlint/chainlint/conformance/stub"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

// starts is the outcome in which all pods start.
const starts lint.Impact = "starts"

// outcome is what happened, or what should, and why.
type outcome struct {
	impact lint.Impact
	why    string
}

// observe lets Terway, libcni and the plugins in a directory have the chain. The calling thread must be one of
// [enterMachine]. The error is about the harness.
func (c *sample) observe(plugins, dir string) (outcome, error) {
	merged, err := terway.Effective(c.data(), c.node())
	var refusal *terway.Refusal
	if errors.As(err, &refusal) {
		return outcome{lint.Init, refusal.Error()}, nil
	}
	file := filepath.Join(dir, terway.ConflistName)
	if err := os.WriteFile(file, []byte(merged.Conflist), 0o600); err != nil {
		return outcome{}, err
	}
	list, err := libcni.NetworkConfFromFile(file)
	if err != nil {
		return outcome{lint.Node, err.Error()}, nil
	}
	n, err := newNode(dir)
	if err != nil {
		return outcome{}, err
	}
	n.dual, n.datapath = c.dual, merged.Datapath
	defer func() { n.close(n.pod); n.close(n.host) }()
	if strings.Contains(merged.Conflist, `"portmap"`) && c.hasMarkChain() {
		if err := makeMarkChain(); err != nil {
			return outcome{}, err
		}
	}
	if err := errors.Join(setAllowlist(c.allowlist), os.RemoveAll("/var/lib/cni")); err != nil { // host-local runs out of addresses
		return outcome{}, err
	}
	return n.startPods(list, plugins)
}

// startPods starts a plain pod, one with a host port, and one with limits.
func (n *node) startPods(list *libcni.NetworkConfigList, plugins string) (outcome, error) {
	plain := map[string]any{
		"cgroupPath": "/kubepods/pod1",
		"dns":        map[string]any{"Servers": []string{"10.96.0.10"}, "Searches": []string{"svc.cluster.local"}, "Options": []string{"ndots:5"}},
	}
	failed, err := n.start(list, plugins, plain)
	if err != nil || failed != nil {
		return outcome{lint.AllPods, fmt.Sprint(failed)}, err
	}
	wishes := map[string]any{ // in the spelling of go-cni, whose structs have no tags
		"portMappings": []any{map[string]any{"HostPort": 8080, "ContainerPort": 80, "Protocol": "tcp", "HostIP": ""}},
		"bandwidth":    map[string]any{"IngressRate": 1000000, "IngressBurst": 4294967295, "EgressRate": 1000000, "EgressBurst": 4294967295},
	}
	for _, capability := range slices.Sorted(maps.Keys(wishes)) {
		if !slices.ContainsFunc(list.Plugins, func(p *libcni.PluginConfig) bool { return p.Network.Capabilities[capability] }) {
			continue // it would be a plain pod
		}
		failed, err := n.start(list, plugins, map[string]any{capability: wishes[capability]})
		if err != nil || failed != nil {
			return outcome{lint.SomePods, fmt.Sprintf("%s: %v", capability, failed)}, err
		}
	}
	return outcome{starts, ""}, nil
}

// pods counts them, so that each has a name of its own.
var pods atomic.Int64

// start starts a pod as containerd does. failed is why it does not start.
func (n *node) start(list *libcni.NetworkConfigList, plugins string, capabilities map[string]any) (failed, err error) {
	if err := n.newPod(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	id := fmt.Sprintf("pod%d", pods.Add(1))
	run := &runner{DefaultExec: &invoke.DefaultExec{RawExec: &invoke.RawExec{}}, node: n}
	cni := libcni.NewCNIConfigWithCacheDir([]string{plugins}, filepath.Join(n.dir, "cache"), run)
	result, failed := cni.AddNetworkList(ctx, list, &libcni.RuntimeConf{
		ContainerID: id, NetNS: n.podPath(), IfName: "eth0", CapabilityArgs: capabilities,
		Args: append([][2]string{{"IgnoreUnknown", "1"}, {"K8S_POD_INFRA_CONTAINER_ID", id}}, podArgs...),
	})
	if ctx.Err() != nil {
		return nil, fmt.Errorf("a plugin took too long: %w", failed)
	}
	if failed == nil {
		failed = findAddress(result)
	}
	return failed, nil
}

// findAddress is what containerd does with the result: a pod without an address on eth0 fails
// (internal/cri/server/sandbox_run.go, setupPodNetwork; go-cni result.go, createResult).
func findAddress(result types.Result) error {
	r, err := current.NewResultFromResult(result)
	if err != nil {
		return err
	}
	for _, ip := range r.IPs {
		switch {
		case ip.Interface == nil || len(r.Interfaces) == 0:
			return nil
		case *ip.Interface < 0 || *ip.Interface >= len(r.Interfaces):
			return errors.New("containerd: invalid interface config")
		case r.Interfaces[*ip.Interface].Name == "eth0":
			return nil
		}
	}
	return errors.New("containerd: failed to find network info for sandbox")
}

// runner runs the real plugins, and the stand-ins for Terway's.
type runner struct {
	*invoke.DefaultExec
	node *node
}

var standIns = []string{terway.PluginType, terway.ChainerType}

// FindInPath finds a plugin; the stand-ins are on every node.
func (r *runner) FindInPath(plugin string, paths []string) (string, error) {
	if slices.Contains(standIns, plugin) {
		return plugin, nil
	}
	return r.DefaultExec.FindInPath(plugin, paths)
}

// ExecPlugin runs a plugin, on the calling thread and so in its namespaces.
func (r *runner) ExecPlugin(ctx context.Context, path string, stdin []byte, environ []string) ([]byte, error) {
	switch path {
	case terway.PluginType:
		return stub.Terway(ctx, r.node, stub.NewCall(environ, stdin))
	case terway.ChainerType:
		return stub.Cilium(stub.NewCall(environ, stdin), r.node.datapath)
	}
	return r.DefaultExec.ExecPlugin(ctx, path, stdin, environ)
}
