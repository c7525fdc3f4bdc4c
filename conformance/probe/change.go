// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ChangeKind is what is done to a network namespace.
type ChangeKind string

// The kinds of change.
const (
	// Flap takes a link down and up again. Routes through it are lost.
	Flap ChangeKind = "flap"
	// SetMAC gives a link another hardware address, a random one unless MAC says which.
	SetMAC ChangeKind = "set-mac"
	// FlushAddresses6 removes the IPv6 addresses of a link.
	FlushAddresses6 ChangeKind = "flush-addresses6"
	// AddLink makes a pair of links, Link and Link with a "p" behind it, both up.
	AddLink ChangeKind = "add-link"
	// EnableIPv6 writes 0 to disable_ipv6 of a link.
	EnableIPv6 ChangeKind = "enable-ipv6"
	// SetSysctl writes Value to Sysctl, a file below net such as net/ipv4/ip_forward.
	SetSysctl ChangeKind = "set-sysctl"
)

// Change is something that may bring IPv6 addresses back, or must not.
type Change struct {
	Kind ChangeKind `json:"kind"`
	// Link that is changed or made. EnableIPv6 takes "all" and "default", too.
	Link   string `json:"link"`
	MAC    string `json:"mac,omitempty"`
	Sysctl string `json:"sysctl,omitempty"`
	Value  string `json:"value,omitempty"`
}

// Make makes the change in the network namespace of the calling thread, which takes CAP_NET_ADMIN there.
func (c Change) Make() error {
	if err := c.make(); err != nil {
		return fmt.Errorf("%s of %s%s: %w", c.Kind, c.Link, c.Sysctl, err)
	}
	return nil
}

func (c Change) make() error {
	switch c.Kind {
	case EnableIPv6:
		return enableIPv6(c.Link)
	case SetSysctl:
		return setSysctl(c.Sysctl, c.Value)
	}
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open netlink: %w", err)
	}
	defer h.Close()
	if c.Kind == AddLink {
		return addLink(h, c.Link)
	}
	link, err := h.LinkByName(c.Link)
	if err != nil {
		return err
	}
	switch c.Kind {
	case Flap:
		if err := h.LinkSetDown(link); err != nil {
			return err
		}
		return h.LinkSetUp(link)
	case SetMAC:
		return setMAC(h, link, c.MAC)
	case FlushAddresses6:
		return flushAddresses6(h, link)
	}
	return errors.New("no such change")
}

// Bits of the first byte of a hardware address.
const (
	macLocal = 2 // given by whoever runs the link
	macGroup = 1
)

func setMAC(h *netlink.Handle, link netlink.Link, address string) error {
	mac := make(net.HardwareAddr, 6)
	_, _ = rand.Read(mac) // never fails
	mac[0] = mac[0]&^macGroup | macLocal
	if address != "" {
		var err error
		if mac, err = net.ParseMAC(address); err != nil {
			return err
		}
	}
	return h.LinkSetHardwareAddr(link, mac)
}

func flushAddresses6(h *netlink.Handle, link netlink.Link) error {
	addresses, err := dump("addresses", func() ([]netlink.Addr, error) { return h.AddrList(link, netlink.FAMILY_V6) })
	for _, a := range addresses {
		if err := h.AddrDel(link, &a); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) { // gone by itself
			return err
		}
	}
	return err
}

func addLink(h *netlink.Handle, name string) error {
	pair := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs(), PeerName: name + "p"}
	pair.Name = name
	if err := h.LinkAdd(pair); err != nil {
		return err
	}
	for _, end := range []string{name, pair.PeerName} {
		link, err := h.LinkByName(end)
		if err == nil {
			err = h.LinkSetUp(link)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func enableIPv6(link string) error {
	if link == "" || strings.ContainsAny(link, "/") || strings.HasPrefix(link, ".") {
		return errors.New("no name of a link")
	}
	return setSysctl("net/ipv6/conf/"+link+"/disable_ipv6", "0")
}

// setSysctl never makes a file, nor leaves the directory.
func setSysctl(name, value string) error {
	if !strings.HasPrefix(name, "net/") || path.Clean(name) != name {
		return errors.New("no sysctl below net")
	}
	file, err := os.OpenFile("/proc/sys/"+name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(value)
	return errors.Join(err, file.Close())
}
