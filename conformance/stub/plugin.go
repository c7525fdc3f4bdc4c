// SPDX-License-Identifier: Apache-2.0

// Package stub stands in for Terway on a node: its CNI plugin, as far as a chain can tell the difference; what
// terway-cli does for symmetric routing; and cilium-cni, which Terway appends on Datapath V2. The upstream
// places are named where they are followed, at v1.17.5.
package stub

import (
	"context"
	"crypto/sha1" //nolint:gosec // Terway names its links by it
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/containernetworking/cni/pkg/types"

	"github.com/chainlint/chainlint/pkg/terway"
)

// Versions of CNI that Terway's plugin speaks (plugin/terway/cni.go).
var Versions = []string{"0.3.0", "0.3.1", "0.4.0", "1.0.0"}

// Conf has the types of Terway's own (plugin/driver/types/types.go, CNIConf): values of others fail every
// command.
type Conf struct {
	types.NetConf
	HostVethPrefix   string   `json:"veth_prefix"`
	ENIIPVirtualType string   `json:"eniip_virtual_type"`
	HostStackCIDRs   []string `json:"host_stack_cidrs"`
	DisableHostPeer  bool     `json:"disable_host_peer"`
	VlanStripType    string   `json:"vlan_strip_type"`
	MTU              int      `json:"mtu"`
	RuntimeConfig    struct {
		DNS struct {
			Servers, Searches, Options []string
		} `json:"dns"`
		PortMaps []struct {
			HostPort, ContainerPort int
			Protocol, HostIP        string
		} `json:"portMappings"`
		Bandwidth struct {
			IngressRate, IngressBurst, EgressRate, EgressBurst int
		} `json:"bandwidth"`
	} `json:"runtimeConfig"`
	BandwidthMode          string `json:"bandwidth_mode"`
	EnableNetworkPriority  bool   `json:"enable_network_priority"`
	Debug                  bool   `json:"debug"`
	SymmetricRoutingConfig *struct {
		Interface, Comment, Backend string
		Mark, Mask                  int
		TableID                     int `json:"table_id"`
		RulePriority                int `json:"rule_priority"`
	} `json:"symmetric_routing_config"`
}

// Address of a pod: with the prefix length of its vSwitch, and the vSwitch's gateway.
type Address struct {
	Prefix  netip.Prefix `json:"prefix"`
	Gateway netip.Addr   `json:"gateway"`
}

// Allocation is what Terway's daemon gives a pod.
type Allocation struct {
	Addresses []Address `json:"addresses"`
	// ENI is the link that the pod's packets leave by, "" where they follow the main table.
	ENI string `json:"eni,omitempty"`
	// Redirect of what the pod sends, nil where the host's netfilter sees it.
	Redirect *Redirect `json:"redirect,omitempty"`
}

// Daemon answers the plugin in the place of terwayd. Both calls may come more than once.
type Daemon interface {
	Allocate(ctx context.Context, containerID string) (Allocation, error)
	Release(ctx context.Context, containerID string) error
}

// Call of a CNI plugin: its environment and its standard input.
type Call struct {
	Command, ContainerID, NetNS, IfName string
	// Args is CNI_ARGS: pairs with = between, divided by semicolons.
	Args  string
	Stdin []byte
}

// NewCall reads the environment of a plugin.
func NewCall(environ []string, stdin []byte) Call {
	env := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return Call{env["CNI_COMMAND"], env["CNI_CONTAINERID"], env["CNI_NETNS"], env["CNI_IFNAME"], env["CNI_ARGS"], stdin}
}

// pod is the namespace and the name of the pod, which name its link on the node.
func (c Call) pod() string {
	var namespace, name string
	for pair := range strings.SplitSeq(c.Args, ";") {
		switch key, value, _ := strings.Cut(pair, "="); key {
		case "K8S_POD_NAMESPACE":
			namespace = value
		case "K8S_POD_NAME":
			name = value
		}
	}
	return namespace + "." + name
}

// HostLink is the host's end of the pod's interface (plugin/driver/link/veth.go).
func (c Call) HostLink() string {
	sum := sha1.Sum([]byte(c.pod())) //nolint:gosec // as Terway does
	return "cali" + hex.EncodeToString(sum[:])[:11]
}

// Terway answers in the place of Terway's plugin, in the network namespace of the calling thread, which is the
// node's. The error is a [*types.Error].
func Terway(ctx context.Context, daemon Daemon, call Call) ([]byte, error) {
	var conf Conf
	if err := json.Unmarshal(call.Stdin, &conf); err != nil {
		return nil, types.NewError(types.ErrDecodingFailure, "failed to parse network config", err.Error())
	}
	if !slices.Contains(Versions, conf.CNIVersion) {
		return nil, types.NewError(types.ErrIncompatibleCNIVersion, "incompatible CNI versions", fmt.Sprintf("config is %q, plugin supports %q", conf.CNIVersion, Versions))
	}
	switch call.Command {
	case "ADD":
		return add(ctx, daemon, call, conf)
	case "DEL":
		if err := daemon.Release(ctx, call.ContainerID); err != nil {
			return nil, failed("del", err)
		}
		forget(ctx, call.HostLink())
		return nil, unwire(call.HostLink())
	}
	return nil, nil // CHECK restores what is there, and complains of nothing
}

// versions is the answer to VERSION.
func versions() ([]byte, error) {
	return json.Marshal(map[string]any{"cniVersion": "1.0.0", "supportedVersions": Versions})
}

func failed(what string, err error) error {
	return types.NewError(types.ErrTryAgainLater, "failed to do "+what, err.Error())
}

func add(ctx context.Context, daemon Daemon, call Call, conf Conf) ([]byte, error) {
	for _, cidr := range conf.HostStackCIDRs {
		if _, _, err := net.ParseCIDR(cidr); err != nil {
			return nil, failed("add", err)
		}
	}
	given, err := daemon.Allocate(ctx, call.ContainerID)
	if err != nil {
		return nil, failed("add", err)
	}
	if err := wire(ctx, call, conf, given); err != nil {
		return nil, failed("add", err)
	}
	return result(call, conf, given)
}

// result names exactly one interface, whose sandbox is the container's ID, and no host end
// (plugin/terway/cni.go).
func result(call Call, conf Conf, given Allocation) ([]byte, error) {
	ips := []any{}
	for _, a := range given.Addresses {
		ip := map[string]any{"address": a.Prefix.String(), "gateway": a.Gateway.String(), "interface": 0}
		if conf.CNIVersion != "1.0.0" {
			ip["version"] = "4"
			if a.Prefix.Addr().Is6() {
				ip["version"] = "6"
			}
		}
		ips = append(ips, ip)
	}
	interfaces := []any{map[string]any{"name": call.IfName, "sandbox": call.ContainerID}}
	return json.Marshal(map[string]any{"cniVersion": conf.CNIVersion, "interfaces": interfaces, "ips": ips, "dns": map[string]any{}})
}

// Cilium answers in the place of cilium-cni, which finds no agent unless the datapath is V2.
func Cilium(call Call, datapath string) ([]byte, error) {
	var conf types.NetConf
	if err := json.Unmarshal(call.Stdin, &conf); err != nil {
		return nil, types.NewError(types.ErrDecodingFailure, "failed to parse network config", err.Error())
	}
	if datapath != terway.DatapathV2 {
		return nil, types.NewError(types.ErrTryAgainLater, "unable to connect to Cilium daemon", "")
	}
	if call.Command != "ADD" {
		return nil, nil
	}
	if conf.RawPrevResult == nil {
		return nil, types.NewError(types.ErrTryAgainLater, "unable to connect to Cilium daemon", "no result of a plugin before")
	}
	return json.Marshal(conf.RawPrevResult)
}
