// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/chainlint/chainlint/conformance"
)

// Addresses of the lab. Nodes and pods are in two vSwitches of one VPC, external clients in a network that is
// routed to it; the public client reaches the first node by its elastic address only.
var (
	nodeNet     = subnet{"10.0.0.0/24", "fd00:10::/64"}
	podNet      = subnet{"10.0.1.0/24", "fd00:11::/64"}
	externalNet = subnet{"192.168.5.0/24", "fd00:5::/64"}
	publicNet   = subnet{"203.0.113.0/24", ""}
	nodeIPs     = [2]string{"10.0.0.10", "10.0.0.11"}
	nodeIP6s    = [2]string{"fd00:10::10", "fd00:10::11"}
	secondaries = [2]string{"10.0.2.10", "10.0.2.11"}
	externalIP  = "192.168.5.20"
	externalIP6 = "fd00:5::20"
	publicIP    = "203.0.113.20"
	elasticIP   = "198.51.100.10"
)

// subnet in both families; the router has its last address.
type subnet struct{ v4, v6 string }

func (s subnet) router() []string {
	prefix := netip.MustParsePrefix(s.v4)
	bytes := prefix.Addr().As4()
	bytes[3] = 253
	all := []string{netip.PrefixFrom(netip.AddrFrom4(bytes), prefix.Bits()).String()}
	if s.v6 != "" {
		all = append(all, strings.Replace(s.v6, "::/", "::fd/", 1))
	}
	return all
}

func (s subnet) router4() net.IP { return parseIP(s.router()[0]) }
func (s subnet) router6() net.IP { return parseIP(s.router()[1]) }

func parseIP(cidr string) net.IP {
	address, _, _ := strings.Cut(cidr, "/")
	return net.ParseIP(address)
}

// labSysctls make a namespace forward, and answer at once: no duplicate address detection, no limit on ICMP
// errors, which UDP needs to be refused.
var labSysctls = []string{
	"ipv4/ip_forward", "1", "ipv4/conf/all/rp_filter", "0", "ipv4/conf/default/rp_filter", "0",
	"ipv4/icmp_ratelimit", "0", "ipv4/icmp_msgs_per_sec", "100000", "ipv4/icmp_msgs_burst", "100000",
	"ipv6/icmp/ratelimit", "0", "ipv6/conf/all/forwarding", "1", "ipv6/conf/default/forwarding", "1",
	"ipv6/conf/all/accept_dad", "0", "ipv6/conf/default/accept_dad", "0", "ipv6/conf/default/accept_ra", "0",
}

// fabric is the network between the machines: it routes, translates the elastic address, and knows which
// interface a pod's address belongs to, as a VPC does.
type fabric struct{ *space }

// The bridges of the fabric: one for each vSwitch.
const (
	nodeBridge = "nodes"
	podBridge  = "pods"
)

func newFabric(ctx context.Context) (*fabric, error) {
	s, err := newSpace(nil)
	if err != nil {
		return nil, err
	}
	f := &fabric{space: s}
	err = errors.Join(s.sysctls(labSysctls...), s.links(func(l *netlink.Handle) error {
		return errors.Join(addBridge(l, nodeBridge, nodeNet.router()...), addBridge(l, podBridge, podNet.router()...))
	}))
	if err == nil {
		err = f.elastic(ctx)
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("make the network between the nodes: %w", err)
	}
	return f, nil
}

// elastic translates the public address to the first node's, both ways. ENIs without a public address, which
// those of pods are, have no way to the internet.
func (f *fabric) elastic(ctx context.Context) error {
	return f.nft(ctx, fmt.Sprintf(`table ip vpc {
  chain prerouting { type nat hook prerouting priority dstnat; iifname "public" ip daddr %s dnat to %s; }
  chain forward { type filter hook forward priority filter; iifname %q oifname "public" drop; }
}
`, elasticIP, nodeIPs[0], podBridge))
}

// nft runs commands of nft in the space.
func (s *space) nft(ctx context.Context, commands string) error {
	return s.run(ctx, commands, "nft", "-f", "-")
}

// run runs a command in the space.
func (s *space) run(ctx context.Context, stdin, name string, args ...string) error {
	return s.do(func() error {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Stdin = strings.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
		}
		return nil
	})
}

// attach joins a machine to a vSwitch.
func (f *fabric) attach(s *space, wire, bridge, name string, addresses ...string) error {
	return f.join(s, wire, name, addresses, func(l *netlink.Handle, end netlink.Link) error {
		master, err := l.LinkByName(bridge)
		if err != nil {
			return err
		}
		return l.LinkSetMaster(end, master)
	})
}

// route joins a machine to the router itself.
func (f *fabric) route(s *space, wire string, n subnet, name string, addresses ...string) error {
	return f.join(s, wire, name, addresses, func(l *netlink.Handle, end netlink.Link) error {
		return addAddresses(l, end, n.router()...)
	})
}

func (f *fabric) join(s *space, wire, name string, addresses []string, there func(*netlink.Handle, netlink.Link) error) error {
	return f.links(func(l *netlink.Handle) error {
		pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: wire}, PeerName: name, PeerNamespace: netlink.NsFd(s.net)}
		if err := l.LinkAdd(pair); err != nil {
			return fmt.Errorf("make %s: %w", wire, err)
		}
		end, err := l.LinkByName(wire)
		if err != nil {
			return err
		}
		if err := there(l, end); err != nil {
			return err
		}
		if err := l.LinkSetUp(end); err != nil {
			return err
		}
		return s.links(func(far *netlink.Handle) error {
			link, err := far.LinkByName(name)
			if err != nil {
				return err
			}
			return errors.Join(far.LinkSetUp(link), addAddresses(far, link, addresses...))
		})
	})
}

// learn tells the fabric, as a VPC is told, that an address belongs to an ENI.
func (f *fabric) learn(ip netip.Addr, mac net.HardwareAddr) error {
	return f.links(func(l *netlink.Handle) error {
		bridge, err := l.LinkByName(podBridge)
		if err != nil {
			return err
		}
		return l.NeighSet(&netlink.Neigh{LinkIndex: bridge.Attrs().Index, IP: ip.AsSlice(), HardwareAddr: mac, State: netlink.NUD_PERMANENT})
	})
}

func addBridge(l *netlink.Handle, name string, addresses ...string) error {
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: name}}
	if err := l.LinkAdd(bridge); err != nil {
		return fmt.Errorf("make the bridge %s: %w", name, err)
	}
	return errors.Join(l.LinkSetUp(bridge), addAddresses(l, bridge, addresses...))
}

// addAddresses passes those of IPv6 over where the kernel has it not.
func addAddresses(l *netlink.Handle, link netlink.Link, cidrs ...string) error {
	for _, cidr := range cidrs {
		a, err := netlink.ParseAddr(cidr)
		if err != nil {
			return err
		}
		if a.IP.To4() == nil {
			a.Flags = unix.IFA_F_NODAD // else it answers nobody until a worker of the kernel comes to it
		}
		if err := l.AddrAdd(link, a); err != nil && (a.IP.To4() != nil || kernelHasIPv6()) {
			return fmt.Errorf("give %s the address %s: %w", link.Attrs().Name, cidr, err)
		}
	}
	return nil
}

func up(l *netlink.Handle, name string) error {
	link, err := l.LinkByName(name)
	if err != nil {
		return err
	}
	return l.LinkSetUp(link)
}

// client is a machine with one interface and a way to everywhere.
func (f *fabric) client(wire string, n subnet, addresses ...string) (*space, error) {
	s, err := newSpace(nil)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.sysctls(labSysctls...), f.route(s, wire, n, "eth0", addresses...), s.defaultRoute("eth0", n)); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *space) defaultRoute(name string, n subnet) error {
	return s.links(func(l *netlink.Handle) error {
		link, err := l.LinkByName(name)
		if err != nil {
			return err
		}
		gateways := []net.IP{n.router4()}
		if n.v6 != "" && kernelHasIPv6() {
			gateways = append(gateways, n.router6())
		}
		for _, gateway := range gateways {
			everywhere := &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}
			if gateway.To4() == nil {
				everywhere = &net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}
			}
			if err := l.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: everywhere, Gw: gateway}); err != nil {
				return fmt.Errorf("route by %s: %w", gateway, err)
			}
		}
		return nil
	})
}

func layout(dual bool, prefix int) conformance.Layout {
	node := func(i int) conformance.NodeLayout {
		n := conformance.NodeLayout{Address: netip.MustParseAddr(nodeIPs[i]), Secondary: netip.MustParseAddr(secondaries[i])}
		if kernelHasIPv6() {
			n.Address6 = netip.MustParseAddr(nodeIP6s[i])
		}
		return n
	}
	l := conformance.Layout{
		Node: node(0), Other: node(1), Dual: dual,
		External: netip.MustParseAddr(externalIP), Public: netip.MustParseAddr(publicIP), PublicNode: netip.MustParseAddr(elasticIP),
		Prefix: netip.PrefixFrom(netip.MustParsePrefix(podNet.v4).Addr(), prefix), Prefix6: netip.MustParsePrefix(podNet.v6),
	}
	if kernelHasIPv6() {
		l.External6 = netip.MustParseAddr(externalIP6)
	}
	return l
}
