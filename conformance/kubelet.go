// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"

	"github.com/chainlint/chainlint/conformance/probe"
)

// Supervised is a pod that a kubelet looks after; see [Kubelet].
type Supervised interface {
	Pod
	// Restart ends the pod's process and waits until the kubelet started it again.
	Restart(ctx context.Context) error
	// Finish ends the process of a pod that runs once and waits until the cluster knows; the pod stays.
	Finish(ctx context.Context) error
	// Ready waits until the probes of the kubelet pass.
	Ready(ctx context.Context) error
	// Beside is what the other containers of the pod see of its network, each under its kind.
	Beside(ctx context.Context) (map[string]probe.Inspection, error)
}

// Recreated is a pod whose sandbox can be taken away; see [Sandboxes].
type Recreated interface {
	Supervised
	// Recreate kills the process that holds the pod's namespaces and waits until the pod runs in new ones.
	Recreate(ctx context.Context) error
}

// Services are what a cluster offers to pods beside their network; parts that it has not are "".
type Services struct {
	// API is the address of the API server, Service one of a service in front of a pod.
	API, Service string
	// Name that a pod can look up.
	Name string
}

// Server is an environment with services; see [Kubelet].
type Server interface {
	// Services makes a service in front of a pod's port, where the cluster has a proxy for services.
	Services(ctx context.Context, pod Pod, port Port) (Services, error)
	// Resolve looks a name up in a pod.
	Resolve(ctx context.Context, pod Pod, name string) ([]string, error)
}

// Scheduler is an environment that can leave the choice of a node to the cluster; see [Kubelet].
type Scheduler interface {
	// Pending makes a pod that wants the first node and must not get it, and returns why the scheduler keeps it.
	Pending(ctx context.Context, spec PodSpec) (string, error)
}

// Fleet is an environment of several nodes whose chain is rolled out as operators do it; see [Nodes].
type Fleet interface {
	Roller
	// Configure replaces the ConfigMap, and nothing else.
	Configure(ctx context.Context, data map[string]string) error
	// Rollout applies the ConfigMap with the hash of its chain on the DaemonSet, so that Terway is restarted node by
	// node. begun is called when the first node is being restarted. The error is a [*StartError] where a node stays behind.
	Rollout(ctx context.Context, data map[string]string, begun func()) error
	// Lists are the texts of the list on the nodes, and what Terway is to write there.
	Lists(ctx context.Context) (map[string]string, error)
	Effective(data map[string]string) (string, error)
	// StartOn starts a pod on a node of that name.
	StartOn(ctx context.Context, node string, spec PodSpec) (Pod, error)
}
