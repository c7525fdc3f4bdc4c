// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"encoding/json"
	"net"
	"slices"

	"github.com/containernetworking/cni/pkg/types"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// hostVeth is the host's end of the pod's interface, named as Terway names it.
const hostVeth = "cali0123456789a"

// terwayVersions are the versions of CNI that Terway's plugin speaks (plugin/terway/cni.go).
var terwayVersions = []string{"0.3.0", "0.3.1", "0.4.0", "1.0.0"}

// terwayConf has the types of Terway's own (plugin/driver/types/types.go, CNIConf, at v1.17.5): values of
// others fail every command.
type terwayConf struct {
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

// terway answers in the place of Terway's plugin. It wires the pod as PolicyRoute.Setup does: a /32 behind
// 169.254.1.1, while the result has the prefix and the gateway of the vSwitch.
func (n *node) terway(stdin []byte, command, containerID, ifname string) ([]byte, error) {
	var conf terwayConf
	if err := json.Unmarshal(stdin, &conf); err != nil {
		return nil, types.NewError(types.ErrDecodingFailure, "failed to parse network config", err.Error())
	}
	if !slices.Contains(terwayVersions, conf.CNIVersion) {
		return nil, types.NewError(types.ErrIncompatibleCNIVersion, "incompatible CNI versions", conf.CNIVersion)
	}
	if command != "ADD" {
		return nil, nil
	}
	for _, cidr := range conf.HostStackCIDRs {
		if _, _, err := net.ParseCIDR(cidr); err != nil {
			return nil, addFailed(err)
		}
	}
	if err := n.wire(ifname, conf.MTU); err != nil {
		return nil, addFailed(err)
	}
	n.datapath = conf.ENIIPVirtualType
	ips := []any{map[string]any{"version": "4", "address": "10.0.1.5/24", "gateway": "10.0.1.253", "interface": 0}}
	if n.dual {
		ips = append(ips, map[string]any{"version": "6", "address": "fd00:1::5/64", "gateway": "fd00:1::fd", "interface": 0})
	}
	interfaces := []any{map[string]any{"name": ifname, "sandbox": containerID}}
	return json.Marshal(map[string]any{"cniVersion": "0.4.0", "interfaces": interfaces, "ips": ips})
}

func addFailed(err error) error {
	return types.NewError(types.ErrTryAgainLater, "failed to do add", err.Error())
}

// wire makes the pod's interface. It fails where the pod has one already: Terway renames its own onto it, or,
// in a second run, deletes the first pair and makes no other (plugin/driver/veth/veth.go, Setup).
func (n *node) wire(ifname string, mtu int) error {
	pod, err := netlink.NewHandleAt(netns.NsHandle(n.pod))
	if err != nil {
		return err
	}
	defer pod.Close()
	if _, err := pod.LinkByName(ifname); err == nil {
		return types.NewError(types.ErrInternal, "the pod has an "+ifname+" already", "")
	}
	return withLinks(func(host *netlink.Handle) error {
		pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: hostVeth}, PeerName: ifname, PeerNamespace: netlink.NsFd(n.pod)}
		if err := host.LinkAdd(pair); err != nil {
			return err
		}
		if err := up(host, hostVeth); err != nil {
			return err
		}
		if err := up(pod, ifname); err != nil {
			return err
		}
		return n.route(host, pod, ifname, mtu)
	})
}

func (n *node) route(host, pod *netlink.Handle, ifname string, mtu int) error {
	outer, err := host.LinkByName(hostVeth)
	if err != nil {
		return err
	}
	inner, err := pod.LinkByName(ifname)
	if err != nil {
		return err
	}
	if mtu > 0 {
		if err := pod.LinkSetMTU(inner, mtu); err != nil {
			return err
		}
	}
	addresses := []string{"10.0.1.5/32"}
	if n.dual {
		addresses = append(addresses, "fd00:1::5/128")
	}
	for _, text := range addresses {
		own := address(text)
		own.Flags = unix.IFA_F_NODAD
		if err := pod.AddrAdd(inner, own); err != nil {
			return err
		}
		if err := host.RouteAdd(&netlink.Route{LinkIndex: outer.Attrs().Index, Dst: own.IPNet, Scope: netlink.SCOPE_LINK}); err != nil {
			return err
		}
	}
	_, everywhere, _ := net.ParseCIDR("0.0.0.0/0")
	return pod.RouteAdd(&netlink.Route{LinkIndex: inner.Attrs().Index, Dst: everywhere, Gw: net.IPv4(169, 254, 1, 1), Flags: int(netlink.FLAG_ONLINK)})
}

// cilium answers in the place of cilium-cni, which finds no agent unless the datapath is V2.
func (n *node) cilium(stdin []byte) ([]byte, error) {
	var conf types.NetConf
	if err := json.Unmarshal(stdin, &conf); err != nil {
		return nil, err
	}
	if conf.RawPrevResult == nil || n.datapath != "datapathv2" {
		return nil, types.NewError(types.ErrTryAgainLater, "unable to connect to Cilium daemon", "")
	}
	return json.Marshal(conf.RawPrevResult)
}
