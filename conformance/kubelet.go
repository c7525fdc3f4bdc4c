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
	// Evict makes the kubelet evict the pod, which has to be a small one, and waits until the cluster knows; the pod stays.
	Evict(ctx context.Context) error
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
	// NodePort makes a service in front of a pod's port that nodes serve at a port of theirs, whose number it returns; 0
	// where the cluster has no proxy for services.
	NodePort(ctx context.Context, pod Pod, port Port) (uint16, error)
	// Services makes a service in front of a pod's port, where the cluster has a proxy for services.
	Services(ctx context.Context, pod Pod, port Port) (Services, error)
	// Resolve looks a name up in a pod.
	Resolve(ctx context.Context, pod Pod, name string) ([]string, error)
}

// Scheduler is an environment that can leave the choice of a node to the cluster; see [Kubelet].
type Scheduler interface {
	// Pending makes a pod that wants the first node and must not get it, and returns why the scheduler keeps it.
	Pending(ctx context.Context, spec PodSpec) (string, error)
	// Rejected puts a pod on the first node without asking the scheduler, and returns why the kubelet rejects it; "" where
	// it runs.
	Rejected(ctx context.Context, spec PodSpec) (string, error)
}

// Workloads is an environment where pods are made by other objects; see [Kubelet].
type Workloads interface {
	// Kinds of objects that make pods.
	Kinds() []string
	// Make makes an object of a kind. Its pods are on the first node; those of a DaemonSet on both.
	Make(ctx context.Context, kind string, spec PodSpec) (Workload, error)
}

// Workload is an object that makes pods.
type Workload interface {
	// Pods that it made since it was made or updated, that of the first node first, as soon as they run.
	Pods(ctx context.Context) ([]Pod, error)
	// Update changes its template, so that other pods take the place of those that it has.
	Update(ctx context.Context) error
	// Delete removes it with its pods. A second time does nothing.
	Delete(ctx context.Context) error
}

// Lister is an environment where the lists on nodes can be read; see [NodeLists].
type Lister interface {
	// Lists are the texts by the nodes' names, and what Terway is to write there.
	Lists(ctx context.Context) (map[string]string, error)
	Effective(data map[string]string) (string, error)
}

// Machines are nodes that can be rebooted and replaced; see [MachineChanges].
type Machines interface {
	// Reboot reboots the first node and waits until it runs again, and a pod that is on it.
	Reboot(ctx context.Context, pod Pod) error
	// Join takes the last node out of the cluster, and lets one join in its place that knows nothing of what was. It
	// returns that one's name as soon as Terway is ready there; the error is a [*StartError] where that fails.
	Join(ctx context.Context) (node string, err error)
}

// Fleet is an environment of several nodes whose chain is rolled out as operators do it; see [Nodes].
type Fleet interface {
	Roller
	Lister
	// Configure replaces the ConfigMap, and nothing else.
	Configure(ctx context.Context, data map[string]string) error
	// Rollout applies the ConfigMap so that Terway is restarted node by node: by the hash of its chain on the DaemonSet where
	// the cluster is the suite's own, else on the nodes that are judged. begun is called when the first node is being restarted. The error is a [*StartError] where a node stays behind.
	Rollout(ctx context.Context, data map[string]string, begun func()) error
	// Partly is Rollout that ends after the first node, as where an operator deletes Terway's pods himself (OnDelete).
	Partly(ctx context.Context, data map[string]string) error
	// StartOn starts a pod on a node of that name.
	StartOn(ctx context.Context, node string, spec PodSpec) (Pod, error)
}
