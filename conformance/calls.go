// SPDX-License-Identifier: Apache-2.0

package conformance

import "context"

// Attachment is a pod whose CNI calls can be made one by one; see [CNICalls].
type Attachment interface {
	Pod
	// Add attaches it again; the error is a [*StartError].
	Add(ctx context.Context, how Call) error
	Check(ctx context.Context) error
	// Del detaches it and leaves its namespace alone.
	Del(ctx context.Context, how Call) error
	// Destroy removes its namespace without DEL.
	Destroy() error
	// ContainerID is the name of its sandbox for the runtime.
	ContainerID() string
	// Seen are the calls that plugins got for it, in their order.
	Seen() []PluginCall
}

// Call says how a CNI call is made. The zero value is how the runtime makes it.
type Call struct {
	// Data of another ConfigMap whose list is used, nil for that of the environment.
	Data map[string]string
	// Name and CNIVersion of the list, "" for those that Terway writes.
	Name, CNIVersion string
	// WithoutPorts: the runtime does not name the host ports.
	WithoutPorts bool
	// WithoutPlugin: the binary of this plugin is missing.
	WithoutPlugin string
	// KilledAfter: the call is killed as soon as this plugin has done its part.
	KilledAfter string
}

// PluginCall is what a plugin was told.
type PluginCall struct {
	Plugin, Command string
	Stdin           []byte
}

// Roller is an environment whose chain can be replaced while pods run; see [Rollout].
type Roller interface {
	// Roll puts another ConfigMap in place and restarts Terway. The error is a [*StartError] where no pod can
	// start with it; the environment goes on with it even so.
	Roll(ctx context.Context, data map[string]string) error
}

// Operator is a place where commands can be run, as an operator runs them on a node; see [Shell].
type Operator interface {
	// Shell runs a script of sh and returns what it wrote. The error holds that, too.
	Shell(ctx context.Context, script, stdin string) (string, error)
}
