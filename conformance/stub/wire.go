// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"

	"github.com/containernetworking/cni/pkg/types"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// The next hops of a pod (plugin/datapath/consts.go): nobody has these addresses, entries of the neighbour table
// lead to the host's end.
var (
	linkIP  = net.IPv4(169, 254, 1, 1)
	linkIP6 = net.ParseIP("fe80::1")
)

// Priorities and tables of Terway's policy routes (plugin/datapath/policy_router_linux.go).
const (
	toPodPriority   = 512
	fromPodPriority = 2048
	eniTableBase    = 1000
)

// DefaultMTU of pods and ENIs.
const DefaultMTU = 1500

// wire makes the pod's interface and the node's routes to it. It does nothing where they are there already from
// the same pod; it fails where the pod has another interface of that name: Terway renames its own onto it, or, in
// a second entry, deletes the first pair and makes no other (plugin/driver/veth/veth.go, Setup).
func wire(ctx context.Context, call Call, conf Conf, given Allocation) error {
	ns, err := netns.GetFromPath(call.NetNS)
	if err != nil {
		return fmt.Errorf("open the pod's namespace: %w", err)
	}
	defer ns.Close() //nolint:errcheck // it was opened to be read
	pod, err := netlink.NewHandleAt(ns)
	if err != nil {
		return err
	}
	defer pod.Close()
	host, err := netlink.NewHandle()
	if err != nil {
		return err
	}
	defer host.Close()
	if _, err := pod.LinkByName(call.IfName); err == nil {
		return wiredAlready(pod, call, conf, given)
	}
	mtu := conf.MTU
	if mtu <= 0 {
		mtu = DefaultMTU
	}
	attrs := netlink.LinkAttrs{Name: call.HostLink(), MTU: mtu}
	pair := &netlink.Veth{LinkAttrs: attrs, PeerName: call.IfName, PeerMTU: uint32(mtu), PeerNamespace: netlink.NsFd(int(ns))}
	if err := host.LinkAdd(pair); err != nil {
		return fmt.Errorf("make %s: %w", call.HostLink(), err)
	}
	w := wiring{host: host, pod: pod, given: given}
	if err := w.connect(call, ns); err != nil {
		return err
	}
	return given.Redirect.redirect(ctx, w)
}

func wiredAlready(pod *netlink.Handle, call Call, conf Conf, given Allocation) error {
	inner, err := pod.LinkByName(call.IfName)
	if err != nil {
		return err
	}
	have, err := pod.AddrList(inner, netlink.FAMILY_ALL)
	if err != nil {
		return err
	}
	for _, a := range have {
		ip, _ := netip.AddrFromSlice(a.IP)
		for _, own := range given.Addresses {
			if conf.RawPrevResult == nil && ip.Unmap() == own.Prefix.Addr() {
				return nil
			}
		}
	}
	return types.NewError(types.ErrInternal, "the pod has an "+call.IfName+" already", "")
}

type wiring struct {
	host, pod    *netlink.Handle
	outer, inner netlink.Link
	given        Allocation
}

func (w *wiring) connect(call Call, ns netns.NsHandle) error {
	var err error
	if w.outer, err = w.host.LinkByName(call.HostLink()); err != nil {
		return err
	}
	if w.inner, err = w.pod.LinkByName(call.IfName); err != nil {
		return err
	}
	dual := false
	for _, a := range w.given.Addresses {
		dual = dual || a.Prefix.Addr().Is6()
	}
	if dual { // GenerateIPv6Sysctl of plugin/driver/utils: IPv6 is switched on for pods that have it
		if err := enableIPv6(ns, call.IfName); err != nil {
			return err
		}
	}
	if err := errors.Join(w.host.LinkSetUp(w.outer), w.pod.LinkSetUp(w.inner)); err != nil {
		return err
	}
	for _, a := range w.given.Addresses {
		if err := errors.Join(w.address(a), w.policy(a)); err != nil {
			return fmt.Errorf("%s: %w", a.Prefix, err)
		}
	}
	return nil
}

// address gives the pod an address that is alone in its network, a way out, and the node the way back.
func (w *wiring) address(a Address) error {
	ip := a.Prefix.Addr()
	single := &net.IPNet{IP: ip.AsSlice(), Mask: net.CIDRMask(ip.BitLen(), ip.BitLen())}
	hop, everywhere := linkIP, &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}
	if ip.Is6() {
		hop, everywhere = linkIP6, &net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}
	}
	own := &netlink.Addr{IPNet: single}
	if ip.Is6() {
		own.Flags = unix.IFA_F_NODAD
	}
	if err := w.pod.AddrAdd(w.inner, own); err != nil {
		return fmt.Errorf("give the pod its address: %w", err)
	}
	neighbour := &netlink.Neigh{LinkIndex: w.inner.Attrs().Index, IP: hop, HardwareAddr: w.outer.Attrs().HardwareAddr, State: netlink.NUD_PERMANENT}
	if err := w.pod.NeighSet(neighbour); err != nil {
		return fmt.Errorf("give the pod its next hop: %w", err)
	}
	route := &netlink.Route{LinkIndex: w.inner.Attrs().Index, Dst: everywhere, Gw: hop, Flags: int(netlink.FLAG_ONLINK)}
	if err := w.pod.RouteReplace(route); err != nil {
		return fmt.Errorf("give the pod a route: %w", err)
	}
	back := &netlink.Neigh{LinkIndex: w.outer.Attrs().Index, IP: ip.AsSlice(), HardwareAddr: w.inner.Attrs().HardwareAddr, State: netlink.NUD_PERMANENT}
	if err := w.host.NeighSet(back); err != nil {
		return err
	}
	return w.host.RouteReplace(&netlink.Route{LinkIndex: w.outer.Attrs().Index, Dst: single, Scope: netlink.SCOPE_LINK})
}

// policy makes the rules "to the pod: main table" and "from the pod: its ENI's table".
func (w *wiring) policy(a Address) error {
	ip, family := a.Prefix.Addr(), netlink.FAMILY_V4
	if ip.Is6() {
		family = netlink.FAMILY_V6
	}
	single := &net.IPNet{IP: ip.AsSlice(), Mask: net.CIDRMask(ip.BitLen(), ip.BitLen())}
	to := netlink.NewRule()
	to.Family, to.Dst, to.Priority, to.Table = family, single, toPodPriority, unix.RT_TABLE_MAIN
	if err := w.host.RuleAdd(to); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make the rule to the pod: %w", err)
	}
	if w.given.ENI == "" {
		return nil
	}
	eni, err := w.host.LinkByName(w.given.ENI)
	if err != nil {
		return fmt.Errorf("find the ENI %s: %w", w.given.ENI, err)
	}
	table := eniTableBase + eni.Attrs().Index
	everywhere := &net.IPNet{IP: make(net.IP, ip.BitLen()/8), Mask: net.CIDRMask(0, ip.BitLen())}
	route := &netlink.Route{LinkIndex: eni.Attrs().Index, Dst: everywhere, Gw: a.Gateway.AsSlice(), Table: table, Flags: int(netlink.FLAG_ONLINK)}
	if err := w.host.RouteReplace(route); err != nil {
		return fmt.Errorf("make the ENI's route: %w", err)
	}
	from := netlink.NewRule()
	from.Family, from.Src, from.Priority, from.Table = family, single, fromPodPriority, table
	if err := w.host.RuleAdd(from); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make the rule from the pod: %w", err)
	}
	return nil
}

// enableIPv6 switches IPv6 on in the pod's namespace.
func enableIPv6(ns netns.NsHandle, ifname string) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		done <- func() error {
			if err := unix.Setns(int(ns), unix.CLONE_NEWNET); err != nil {
				return err
			}
			for _, name := range []string{"lo", "all", "default", ifname} {
				if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/disable_ipv6", []byte("0"), 0o644); err != nil {
					return err
				}
			}
			return nil
		}()
	}()
	return <-done
}

// unwire removes the host's end, with it the pod's, and the rules of the pod's addresses.
func unwire(name string) error {
	host, err := netlink.NewHandle()
	if err != nil {
		return err
	}
	defer host.Close()
	link, err := host.LinkByName(name)
	var none netlink.LinkNotFoundError
	if errors.As(err, &none) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := dropRules(host, link); err != nil {
		return err
	}
	if err := host.LinkDel(link); err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

func dropRules(host *netlink.Handle, link netlink.Link) error {
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		routes, err := host.RouteList(link, family)
		if err != nil {
			return err
		}
		rules, err := host.RuleList(family)
		if err != nil {
			return err
		}
		for _, rule := range rules {
			for _, route := range routes {
				if covers(rule, route.Dst) {
					if err := host.RuleDel(&rule); err != nil && !errors.Is(err, unix.ENOENT) {
						return fmt.Errorf("remove the rule of %s: %w", route.Dst, err)
					}
				}
			}
		}
	}
	return nil
}

// covers tells whether a rule was made for the pod with that address.
func covers(rule netlink.Rule, pod *net.IPNet) bool {
	if pod == nil {
		return false
	}
	return rule.Priority == toPodPriority && rule.Dst != nil && rule.Dst.String() == pod.String() ||
		rule.Priority == fromPodPriority && rule.Src != nil && rule.Src.String() == pod.String()
}
