// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// space is a network namespace of a test.
type space int

// newSpace makes a namespace with lo up, in which no ICMP error is held back and addresses can be used at once.
func newSpace(t *testing.T) space {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("making network namespaces takes root")
	}
	var s space
	failed := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		s = space(fd)
		if err != nil {
			return err
		}
		for name, value := range map[string]string{"ipv4/icmp_ratelimit": "0", "ipv6/icmp/ratelimit": "0", "ipv6/conf/all/accept_dad": "0", "ipv6/conf/default/accept_dad": "0"} {
			if err := write(name, value); err != nil {
				return err
			}
		}
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		return netlink.LinkSetUp(lo)
	})
	if failed != nil {
		t.Fatal(failed)
	}
	t.Cleanup(func() { _ = unix.Close(int(s)) })
	return s
}

// onThread runs f on a thread of its own, which ends with it.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked
		done <- f()
	}()
	return <-done
}

// do runs f in the namespace.
func (s space) do(t *testing.T, f func() error) {
	t.Helper()
	if err := s.try(f); err != nil {
		t.Fatal(err)
	}
}

func (s space) try(f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(s), unix.CLONE_NEWNET); err != nil {
			return err
		}
		return f()
	})
}

// path is where another process finds the namespace.
func (s space) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), int(s)) }

func write(name, value string) error {
	return os.WriteFile("/proc/sys/net/"+name, []byte(value), 0o644)
}

// wire joins two namespaces by a veth pair.
func wire(t *testing.T, a space, aName string, b space, bName string) {
	t.Helper()
	a.do(t, func() error {
		pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: aName}, PeerName: bName, PeerNamespace: netlink.NsFd(int(b))}
		if err := netlink.LinkAdd(pair); err != nil {
			return err
		}
		return up(aName)
	})
	b.do(t, func() error { return up(bName) })
}

func up(name string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(link)
}

// address gives a link addresses.
func (s space) address(t *testing.T, name string, prefixes ...string) {
	t.Helper()
	s.do(t, func() error {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		for _, p := range prefixes {
			a, err := netlink.ParseAddr(p)
			if err != nil {
				return err
			}
			if a.IP.To4() == nil {
				a.Flags = unix.IFA_F_NODAD
			}
			if err := netlink.AddrAdd(link, a); err != nil {
				return err
			}
		}
		return nil
	})
}

// route sends everything to gateways.
func (s space) route(t *testing.T, gateways ...string) {
	t.Helper()
	s.do(t, func() error {
		var all []error
		for _, g := range gateways {
			all = append(all, netlink.RouteAdd(&netlink.Route{Gw: netip.MustParseAddr(g).AsSlice()}))
		}
		return errors.Join(all...)
	})
}

// serve starts a server that ends with the test.
func (s space) serve(t *testing.T, manner Manner, ends ...Listen) (stop func()) {
	t.Helper()
	var server *Server
	s.do(t, func() (err error) {
		server, err = Serve("it", manner, ends...)
		return err
	})
	t.Cleanup(server.Close)
	return server.Close
}

// ask asks once.
func (s space) ask(t *testing.T, protocol, to string, change ...func(*Request)) Result {
	t.Helper()
	request := Request{Protocol: protocol, To: netip.MustParseAddrPort(to), Limit: 2 * time.Second}
	for _, c := range change {
		c(&request)
	}
	var result Result
	s.do(t, func() error {
		result = request.Do(context.WithoutCancel(t.Context()))
		return nil
	})
	return result
}

func from(address string) func(*Request) {
	return func(r *Request) { r.From = netip.MustParseAddrPort(address) }
}

func within(limit time.Duration) func(*Request) { return func(r *Request) { r.Limit = limit } }

// lab is a client, a node that forwards, and a pod on it.
type lab struct{ client, node, pod space }

// Addresses in a lab.
const (
	clientIP, clientIP6 = "192.0.2.2", "fd00:2::2"
	nodeIP, nodeIP6     = "192.0.2.1", "fd00:2::1"
	podIP, podIP6       = "10.1.1.2", "fd00:1::2"
)

func newLab(t *testing.T) lab {
	t.Helper()
	l := lab{newSpace(t), newSpace(t), newSpace(t)}
	wire(t, l.client, "eth0", l.node, "eth0")
	wire(t, l.pod, "eth0", l.node, "pod")
	l.client.address(t, "eth0", clientIP+"/24", clientIP6+"/64")
	l.node.address(t, "eth0", nodeIP+"/24", nodeIP6+"/64")
	l.node.address(t, "pod", "10.1.1.1/24", "fd00:1::1/64")
	l.pod.address(t, "eth0", podIP+"/24", podIP6+"/64")
	l.client.route(t, nodeIP, nodeIP6)
	l.pod.route(t, "10.1.1.1", "fd00:1::1")
	l.node.do(t, func() error {
		return errors.Join(write("ipv4/ip_forward", "1"), write("ipv6/conf/all/forwarding", "1"))
	})
	return l
}
