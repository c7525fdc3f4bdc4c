// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Inspection is what a network namespace holds.
type Inspection struct {
	Links     []Link    `json:"links"`
	Addresses []Address `json:"addresses"`
	// Inet6 are the lines of /proc/net/if_inet6, one for each IPv6 address. NoInet6: there is no such file,
	// because the kernel runs without IPv6.
	Inet6   []string `json:"inet6,omitempty"`
	NoInet6 bool     `json:"noInet6,omitempty"`
	// Routes6 are the IPv6 routes of all tables, Neighbors6 the IPv6 neighbours in any state, as ip(8) words them.
	Routes6    []string `json:"routes6,omitempty"`
	Neighbors6 []string `json:"neighbors6,omitempty"`
	// Sysctls that were asked for, under the names by which they were asked for. Missing are those that this
	// kernel does not have, Unreadable those that nobody may read; they read "".
	Sysctls    map[string]string `json:"sysctls,omitempty"`
	Missing    []string          `json:"missing,omitempty"`
	Unreadable []string          `json:"unreadable,omitempty"`
	// Rules are host ports in the firewall, where somebody asked [HostPortRules] for them.
	Rules []string `json:"rules,omitempty"`
}

// Link is an interface.
type Link struct {
	Name  string `json:"name"`
	Index int    `json:"index"`
	// Up is what the administrator wants; Running: the kernel knows of a carrier, too, and has done what follows.
	Up      bool   `json:"up"`
	Running bool   `json:"running,omitempty"`
	MAC     string `json:"mac,omitempty"`
	// Peer is the index of the link that it belongs to, 0 for none: the other end of a pair, often in another
	// namespace.
	Peer int `json:"peer,omitempty"`
}

// Address is one of an interface, with its scope: global, site, link, host.
type Address struct {
	Link   string       `json:"link"`
	Prefix netip.Prefix `json:"prefix"`
	Scope  string       `json:"scope"`
}

// Look reads the network namespace of the calling thread, with the sysctls that are asked for by name, dotted
// (net.ipv4.ip_forward) or as a path (net/ipv4/conf/eth0.5/rp_filter). It starts no process and leaves Rules
// empty.
func Look(sysctls ...string) (Inspection, error) {
	var i Inspection
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return i, fmt.Errorf("open netlink: %w", err)
	}
	defer h.Close()
	names := map[int]string{}
	return i, errors.Join(
		i.readLinks(h, names),
		i.readAddresses(h, names),
		i.readInet6(),
		i.readRoutes6(h, names),
		i.readNeighbors6(h, names),
		i.readSysctls(sysctls),
	)
}

// dump repeats a question that was answered while the answer changed.
func dump[T any](what string, list func() ([]T, error)) ([]T, error) {
	for range 10 {
		all, err := list()
		if errors.Is(err, netlink.ErrDumpInterrupted) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", what, err)
		}
		return all, nil
	}
	return nil, fmt.Errorf("list %s: they change all the time", what)
}

func (i *Inspection) readLinks(h *netlink.Handle, names map[int]string) error {
	links, err := dump("links", h.LinkList)
	for _, l := range links {
		a := l.Attrs()
		names[a.Index] = a.Name
		up, running := a.RawFlags&unix.IFF_UP != 0, a.RawFlags&unix.IFF_RUNNING != 0
		i.Links = append(i.Links, Link{Name: a.Name, Index: a.Index, Up: up, Running: running, MAC: a.HardwareAddr.String(), Peer: a.ParentIndex})
	}
	return err
}

func (i *Inspection) readAddresses(h *netlink.Handle, names map[int]string) error {
	addresses, err := dump("addresses", func() ([]netlink.Addr, error) { return h.AddrList(nil, netlink.FAMILY_ALL) })
	for _, a := range addresses {
		ip, ok := netip.AddrFromSlice(a.IP)
		if !ok {
			continue
		}
		bits, _ := a.Mask.Size()
		i.Addresses = append(i.Addresses, Address{Link: nameOf(names, a.LinkIndex), Prefix: netip.PrefixFrom(ip.Unmap(), bits), Scope: scopeName(a.Scope)})
	}
	return err
}

func scopeName(scope int) string {
	if netlink.Scope(scope) == netlink.SCOPE_UNIVERSE {
		return "global"
	}
	return netlink.Scope(scope).String()
}

// nameOf a link that came after the links were listed is its number.
func nameOf(names map[int]string, index int) string {
	if name := names[index]; name != "" {
		return name
	}
	return fmt.Sprint("if", index)
}

// readInet6: /proc/net is the namespace of the process, which may be another one than the thread's.
func (i *Inspection) readInet6() error {
	text, err := os.ReadFile("/proc/thread-self/net/if_inet6")
	if errors.Is(err, os.ErrNotExist) {
		i.NoInet6 = true
		return nil
	}
	for line := range strings.Lines(string(text)) {
		i.Inet6 = append(i.Inet6, strings.TrimSpace(line))
	}
	slices.Sort(i.Inet6) // the kernel has them in no order
	return err
}

func (i *Inspection) readSysctls(names []string) error {
	if len(names) == 0 {
		return nil
	}
	i.Sysctls = map[string]string{}
	var failed []error
	for _, name := range names {
		text, err := os.ReadFile(sysctlFile(name))
		switch {
		case errors.Is(err, os.ErrNotExist):
			i.Missing, err = append(i.Missing, name), nil
		case errors.Is(err, os.ErrPermission), errors.Is(err, unix.EIO): // flush; stable_secret, before it is set
			i.Unreadable, err = append(i.Unreadable, name), nil
		}
		i.Sysctls[name] = strings.TrimSpace(string(text))
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// sysctlFile is where a sysctl is. What separates first, separates: behind a dot, slashes stand for the dots
// within a name (sysctl.d(5)). The kernel shows each thread the files of its own namespace.
func sysctlFile(name string) string {
	if at := strings.IndexAny(name, "./"); at >= 0 && name[at] == '.' {
		name = strings.NewReplacer(".", "/", "/", ".").Replace(name)
	}
	return path.Join("/proc/sys", path.Clean("/"+name))
}
