// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Environment is a cluster of two nodes and some clients, real or imitated, in which pods get their network
// through one chain. What some environment could only answer with nothing is a [Feature], not a method.
type Environment interface {
	// Layout is where everybody is.
	Layout() Layout
	// Missing says why a feature is not there, "" where it is.
	Missing(Feature) string
	// About says what this place is.
	About() About
	// Start starts a pod. The error is a [*StartError] where the chain is at fault.
	Start(ctx context.Context, spec PodSpec) (Pod, error)
	// At is a place outside of pods.
	At(Where) Place
	// Close removes everything that was made here.
	Close() error
}

// About is what a reader must know of an environment before he believes its packets.
type About struct {
	// Facts that were found here.
	Facts []report.Fact `json:"facts"`
	// StandIn took Terway's place, "" where Terway itself runs. Emulated is what else was only imitated.
	StandIn  string   `json:"standIn,omitempty"`
	Emulated []string `json:"emulated,omitempty"`
	// Conflist is the list that lands on a node, "" where Terway refuses; Backend is portmap's, "" without it.
	Conflist string `json:"conflist,omitempty"`
	Backend  string `json:"backend,omitempty"`
	// Datapath that runs, as ClusterFacts name it.
	Datapath string `json:"datapath,omitempty"`
}

// Occupied is an environment whose nodes have other host ports and listeners than the suite's.
type Occupied interface {
	// Occupied are the ports that are taken.
	Occupied() []uint16
}

// Opener makes an environment that runs another chain in another world, for specs that bring their own.
type Opener interface {
	Open(ctx context.Context, setup Setup) (Environment, error)
}

// Unsupported is an opener's answer to a world that it cannot make.
type Unsupported struct{ Why string }

func (e *Unsupported) Error() string { return e.Why }

// Setup is a chain and the world in which it runs.
type Setup struct {
	// Data of the ConfigMap eni-config. Partial: keys that are absent are the live object's.
	Data    map[string]string
	Partial bool
	// Facts of the cluster; of several pools, the unnamed one counts.
	Facts terway.PoolFacts
	// Prefix length of the addresses in the result of Terway's plugin, that of the vSwitch; 0 is 24.
	Prefix int
	// Sabotage is what is broken on purpose.
	Sabotage Sabotage
}

// Sabotage breaks a world on purpose, so that a suite that does not notice is found out.
type Sabotage struct {
	// NoMasquerade: the mark chain is there, and nobody masquerades what it marks.
	NoMasquerade bool
	// SkipDEL: the runtime never detaches pods.
	SkipDEL bool
	// StaleRule: a rule of a pod that is gone takes every host port first.
	StaleRule bool
	// AddressComesBack: two seconds after a pod started, its IPv6 is switched on again.
	AddressComesBack bool
	// TunesNode: tuning's sysctls are written on the node.
	TunesNode bool
	// Manner of all servers in pods.
	Manner probe.Manner
	// NoPods: pods start and nobody is in them.
	NoPods bool
	// Mute: places outside of pods answer no request at all.
	Mute bool
	// Blocked: nothing reaches the node from outside.
	Blocked bool
	// NodeWithoutIPv6: IPv6 is off in the namespaces of new pods, whatever the chain says.
	NodeWithoutIPv6 bool
	// FlushesIPv6: the IPv6 addresses of new pods are removed, and IPv6 stays on.
	FlushesIPv6 bool
	// NoDaemon: Terway's daemon does not answer its plugin.
	NoDaemon bool
	// LeftoverConf: 10-terway.conf is still on the node, beside the list.
	LeftoverConf bool
	// ForgetsPorts: the runtime does not name the host ports when it detaches pods.
	ForgetsPorts bool
	// ForgetsHostIPs: the runtime does not name the addresses that host ports are bound to.
	ForgetsHostIPs bool
	// StaleNode: one node gets its old list back after a rollout.
	StaleNode bool
	// EarlyReady: Terway is ready before the plugins of its list are on the nodes.
	EarlyReady bool
	// MasqueradesPods: a rule on the node masquerades what pods with host ports send.
	MasqueradesPods bool
}

// Layout is where everybody is. Addresses that are not there are invalid ones.
type Layout struct {
	// Node runs the pods under test, Other is a second one.
	Node, Other NodeLayout
	// External is a client outside of the cluster that reaches nodes by their private addresses.
	External, External6 netip.Addr
	// Public is a client on the internet, PublicNode the public address of Node.
	Public, PublicNode netip.Addr
	// Prefix and Prefix6 of the pods' addresses in the result of Terway's plugin.
	Prefix, Prefix6 netip.Prefix
	// Dual: pods have IPv6 addresses, too.
	Dual bool
}

// NodeLayout are the addresses of a node.
type NodeLayout struct {
	Address, Address6 netip.Addr
	// Secondary is a further address of the node, on another interface, Secondary6 that of IPv6 there.
	Secondary, Secondary6 netip.Addr
}

// Where is a place outside of pods.
type Where string

// The places.
const (
	OnNode     Where = "node"
	OnOther    Where = "other-node"
	AtExternal Where = "external"
	AtPublic   Where = "public"
)

// Place is somewhere from where packets are sent, and where things can be looked at.
type Place interface {
	// Probe sends requests, all at once, and returns what became of each.
	Probe(ctx context.Context, requests ...probe.Request) ([]probe.Result, error)
	// Look reads what the network namespace holds.
	Look(ctx context.Context, sysctls ...string) (probe.Inspection, error)
	// Watch collects the IPv6 addresses that are there, or come within the time.
	Watch(ctx context.Context, d time.Duration) ([]probe.Sighting, error)
	// See reads IPv6 as software does that runs there.
	See(ctx context.Context) (probe.Application, error)
	// Serve starts a server, until stop is called.
	Serve(ctx context.Context, identity string, manner probe.Manner, ends ...probe.Listen) (stop func(), err error)
}

// Pod is a pod that runs.
type Pod interface {
	Place
	// UID is what its servers answer with.
	UID() string
	// IPs that the CNI result gave, IPv4 first.
	IPs() []netip.Addr
	// Stop deletes the pod: DEL, then the namespace. A second time does nothing.
	Stop(ctx context.Context) error
	// Kill is Stop without time to end: its servers serve until it is gone.
	Kill(ctx context.Context) error
	// Watched waits for the end of [PodSpec.Watch] and returns what was seen.
	Watched(ctx context.Context) ([]probe.Sighting, error)
}

// Tinkerer is a place whose network can be changed; see [NetAdmin].
type Tinkerer interface {
	Change(ctx context.Context, c probe.Change) error
}

// Sniffer is a place whose packets can be seen; see [Packets].
type Sniffer interface {
	// Capture begins to collect the IPv6 packets that come in on any link; collect waits until the time is over.
	Capture(ctx context.Context, d time.Duration) (collect func() ([]probe.Packet6, error), err error)
}

// PodSpec is the wish for a pod.
type PodSpec struct {
	// OnOther: on the other node.
	OnOther bool
	// Ports of its containers, which it serves; with a host port where one is given.
	Ports []Port
	// Bandwidth: with a limit on bandwidth.
	Bandwidth bool
	// Manner of its servers.
	Manner probe.Manner
	// Stopped: nothing listens in it.
	Stopped bool
	// Once: its end is no reason to start it again. Crowded: with containers of every other kind beside it. Probed:
	// the kubelet asks it by HTTP, TCP, gRPC and a command whether it is ready. They take a [Kubelet].
	Once, Crowded, Probed bool
	// Sidecar: its servers are in a sidecar, and its ordinary containers do not start. Small: it may write little, so
	// that it can be evicted. They take a [Kubelet], too.
	Sidecar, Small bool
	// Sysctls that the pod itself asks for; see [Kubelet].
	Sysctls map[string]string
	// Watch: the pod watches its IPv6 addresses for so long, from its first instant on.
	Watch time.Duration
	// Data of another ConfigMap whose list it is attached with, nil for that of the environment; see [CNICalls].
	Data map[string]string
}

// Port of a container.
type Port struct {
	Protocol  string
	Container uint16
	// Host port, 0 for none, and the address it is bound to, "" for all.
	Host   uint16
	HostIP string
}

// StartError is why a chain does not give a pod its network.
type StartError struct {
	// Stage: terway (init container), runtime (the list is refused), pod (a plugin fails, or the result has no
	// address).
	Stage string
	// Plugin that failed, where that is known.
	Plugin string
	Err    error
	// Excuse says why the place is at fault, and no cluster's pod would fail; "" where the chain is.
	Excuse string
}

func (e *StartError) Error() string {
	switch e.Stage {
	case StageTerway:
		return fmt.Sprintf("Terway refuses the ConfigMap, and its init container fails: %v", e.Err)
	case StageRuntime:
		return fmt.Sprintf("the runtime refuses the list, and the node is not ready: %v", e.Err)
	}
	return fmt.Sprintf("the pod does not start: %v", e.Err)
}

func (e *StartError) Unwrap() error { return e.Err }

// The stages of a [StartError].
const (
	StageTerway  = "terway"
	StageRuntime = "runtime"
	StagePod     = "pod"
)

// Feature is something that only some places or chains have. A spec names what it needs.
type Feature string

// The features.
const (
	// DualStack: pods have IPv6 addresses, too.
	DualStack Feature = "dual-stack"
	// IPv6: the kernel has IPv6.
	IPv6 Feature = "ipv6"
	// SCTPPackets: raw SCTP packets can be sent and pass the nodes.
	SCTPPackets Feature = "sctp"
	// PublicAddress: the node has a public address, and a client uses it.
	PublicAddress Feature = "public-address"
	// Outside: a client outside of the cluster asks; without it, another node does in its place.
	Outside Feature = "outside"
	// Rules: the firewall of the node can be read.
	Rules Feature = "rules"
	// NetAdmin: pods can be changed: [Tinkerer].
	NetAdmin Feature = "net-admin"
	// CNICalls: pods are [Attachment]s.
	CNICalls Feature = "cni-calls"
	// OwnChain: the environment is an [Opener].
	OwnChain Feature = "own-chain"
	// Redirect: Datapath V2 can be imitated.
	Redirect Feature = "redirect"
	// HostPorts: the runtime tells plugins of host ports.
	HostPorts Feature = "host-ports"
	// Rollout: the chain can be replaced while pods run: the environment is a [Roller].
	Rollout Feature = "rollout"
	// Shell: commands can be run on nodes, which are [Operator]s.
	Shell Feature = "shell"
	// Releases: the reference plugins are of the release that the facts name, whichever it is.
	Releases Feature = "plugin-releases"
	// Packets: what comes in on nodes can be seen: they are [Sniffer]s.
	Packets Feature = "packets"
	// Kubelet: a kubelet runs the pods, which are [Supervised].
	Kubelet Feature = "kubelet"
	// Sandboxes of pods can be taken away: they are [Recreated].
	Sandboxes Feature = "sandboxes"
	// Nodes are several, and the environment is a [Fleet].
	Nodes Feature = "nodes"
	// Machines: nodes can be rebooted, and others take their place: the environment has [Machines].
	MachineChanges Feature = "machines"
	// Breakage: chains may break pods, because nobody else has any here.
	Breakage Feature = "breakage"
	// NodeLists: the lists on nodes can be read: the environment is a [Lister].
	NodeLists Feature = "node-lists"
	// Before: pods are there from before an upgrade: the environment is a [Keeper].
	Before Feature = "before"
	// Traces: the way of packets through nodes can be followed: they are [Tracer]s.
	Traces Feature = "traces"
)

// Features are all of them.
func Features() []Feature {
	return []Feature{DualStack, IPv6, SCTPPackets, PublicAddress, Rules, NetAdmin, CNICalls, OwnChain, Redirect, HostPorts, Rollout, Shell, Releases, Packets, Traces, Kubelet, Sandboxes, Nodes, MachineChanges, Breakage, NodeLists, Before, Outside}
}
