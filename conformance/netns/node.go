// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/stub"
	"github.com/chainlint/chainlint/pkg/terway"
)

// node is a machine that runs pods. It is the daemon of the stand-in for Terway, too.
type node struct {
	*space
	index  int
	fabric *fabric
	dual   bool
	prefix int
	// mac of the ENI that pods use.
	mac  net.HardwareAddr
	down bool
	// redirect of what pods send, nil where the host's netfilter sees it.
	redirect *stub.Redirect

	lock sync.Mutex
	next int
	pods map[string]int
}

// firstPod is the last byte of the first pod's address on the first node; the second node's begin later.
const (
	firstPod = 20
	perNode  = 100
)

// eni is the link by which pods leave.
const eni = "eth1"

func (f *fabric) newNode(ctx context.Context, index int, setup conformance.Setup) (*node, error) {
	var prepare func() error
	if setup.Facts.Node.IPv6 == terway.IPv6Disabled {
		prepare = privateMounts
	}
	s, err := newSpace(prepare)
	if err != nil {
		return nil, err
	}
	n := &node{space: s, index: index, fabric: f, dual: setup.Facts.IPStack == terway.IPStackDual, prefix: setup.Prefix, down: setup.Sabotage.NoDaemon, pods: map[string]int{}}
	if err := n.connect(ctx); err != nil {
		s.close()
		return nil, fmt.Errorf("make a node: %w", err)
	}
	return n, nil
}

func (n *node) connect(ctx context.Context) error {
	name := []string{"a", "b"}[n.index]
	err := errors.Join(
		n.sysctls(labSysctls...),
		n.fabric.attach(n.space, name+"-eth0", nodeBridge, "eth0", nodeIPs[n.index]+"/24", nodeIP6s[n.index]+"/64"),
		n.defaultRoute("eth0", nodeNet),
		n.fabric.attach(n.space, name+"-eth1", podBridge, eni),
	)
	if err != nil {
		return err
	}
	return errors.Join(n.secondary(), n.links(func(l *netlink.Handle) error {
		link, err := l.LinkByName(eni)
		if err != nil {
			return err
		}
		n.mac = link.Attrs().HardwareAddr
		return nil
	}))
}

// secondary gives the node a further address, on an interface of its own.
func (n *node) secondary() error {
	address := secondaries[n.index] + "/32"
	err := n.links(func(l *netlink.Handle) error { return addBridge(l, "extra", address) })
	if err != nil {
		return err
	}
	return n.fabric.links(func(l *netlink.Handle) error {
		a, err := netlink.ParseIPNet(address)
		if err != nil {
			return err
		}
		return l.RouteAdd(&netlink.Route{Dst: a, Gw: net.ParseIP(nodeIPs[n.index])})
	})
}

// privateMounts keeps what is mounted in the calling thread's mount namespace from everybody else.
func privateMounts() error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") }

// hideIPv6 makes the node's processes find in a namespace what they would find on a kernel that booted with
// ipv6.disable=1. The files are those of the namespace in which they are looked up, so each takes its own mount.
func (n *node) hideIPv6(s *space) error {
	if n.mounts < 0 {
		return nil
	}
	return n.do(func() error {
		if err := unix.Setns(s.net, unix.CLONE_NEWNET); err != nil {
			return err
		}
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("1"), 0o644); err != nil && !os.IsNotExist(err) {
			return err
		}
		if err := unix.Mount("none", "/proc/sys/net/ipv6", "tmpfs", unix.MS_RDONLY, ""); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("hide the sysctls of IPv6: %w", err)
		}
		return nil
	})
}

// Allocate implements stub.Daemon.
func (n *node) Allocate(_ context.Context, containerID string) (stub.Allocation, error) {
	n.lock.Lock()
	defer n.lock.Unlock()
	if n.down {
		return stub.Allocation{}, errDaemon
	}
	i, known := n.pods[containerID]
	if !known {
		i = n.free()
		n.pods[containerID] = i
	}
	given := stub.Allocation{ENI: eni, Redirect: n.redirect, Addresses: []stub.Address{n.address(podNet.v4, i, n.prefix, podNet.router4())}}
	if n.dual {
		given.Addresses = append(given.Addresses, n.address(podNet.v6, i, 64, podNet.router6()))
	}
	for _, a := range given.Addresses {
		if err := n.fabric.learn(a.Prefix.Addr(), n.mac); err != nil {
			return stub.Allocation{}, err
		}
	}
	return given, nil
}

var errDaemon = errors.New("error dial /var/run/eni/eni.socket: connect: no such file or directory")

// free is an address that no pod has; addresses are used again as late as possible.
func (n *node) free() int {
	taken := map[int]bool{}
	for _, i := range n.pods {
		taken[i] = true
	}
	for range perNode {
		i := n.next
		n.next = (n.next + 1) % perNode
		if !taken[i] {
			return i
		}
	}
	return perNode // the lab never has so many pods
}

func (n *node) address(within string, i, bits int, gateway net.IP) stub.Address {
	bytes := netip.MustParsePrefix(within).Addr().AsSlice()
	bytes[len(bytes)-1] = byte(firstPod + n.index*perNode + i)
	ip, _ := netip.AddrFromSlice(bytes)
	router, _ := netip.AddrFromSlice(gateway)
	return stub.Address{Prefix: netip.PrefixFrom(ip, bits), Gateway: router.Unmap()}
}

// Release implements stub.Daemon.
func (n *node) Release(_ context.Context, containerID string) error {
	n.lock.Lock()
	defer n.lock.Unlock()
	if n.down {
		return errDaemon
	}
	delete(n.pods, containerID)
	return nil
}
