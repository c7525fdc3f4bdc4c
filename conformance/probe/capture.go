// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The kinds of IPv6 packets that a kernel sends by itself, and all others.
const (
	RouterSolicitation = "router solicitation"
	MLD                = "MLD"
	DAD                = "DAD neighbour solicitation"
	OtherIPv6          = "other"
)

// Packet6 is an IPv6 packet that came in.
type Packet6 struct {
	// Link by number: it may be gone by now.
	Link        int        `json:"link"`
	Kind        string     `json:"kind"`
	Source      netip.Addr `json:"source"`
	Destination netip.Addr `json:"destination"`
}

// Capture6 collects the IPv6 packets that come in on links.
type Capture6 struct {
	raw  syscall.RawConn
	file *os.File
}

// CountIPv6 returns the kind of each IPv6 packet that comes in on a link of the calling thread's network namespace
// within the time: on the node's end of a pod's link, what the pod sends. Ending ctx ends it early, which is no
// error. It takes CAP_NET_RAW.
func CountIPv6(ctx context.Context, link string, d time.Duration) ([]string, error) {
	c, err := CaptureIPv6(link)
	if err != nil {
		return nil, err
	}
	defer c.Close() //nolint:errcheck // nothing is left to be said on it
	packets, err := c.Collect(ctx, d)
	var kinds []string
	for _, p := range packets {
		kinds = append(kinds, p.Kind)
	}
	return kinds, err
}

// CaptureIPv6 begins to capture on a link of the calling thread's network namespace, or, where link is "", on all
// that are there or will be.
func CaptureIPv6(link string) (*Capture6, error) {
	protocol := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_IPV6))
	at := &unix.SockaddrLinklayer{Protocol: protocol}
	if link != "" {
		l, err := net.InterfaceByName(link)
		if err != nil {
			return nil, fmt.Errorf("capture on %s: %w", link, err)
		}
		at.Ifindex = l.Index
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0) // 0: nothing before bind
	if err != nil {
		return nil, os.NewSyscallError("capture: socket", err)
	}
	file := os.NewFile(uintptr(fd), "capture")
	raw, err := file.SyscallConn()
	if err == nil {
		err = os.NewSyscallError("capture: bind", unix.Bind(fd, at))
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &Capture6{raw, file}, nil
}

// Close ends the capture.
func (c *Capture6) Close() error { return c.file.Close() }

// Collect returns what came since the capture began, or since it was last asked, until the time is over or ctx ends.
func (c *Capture6) Collect(ctx context.Context, d time.Duration) ([]Packet6, error) {
	if err := c.file.SetReadDeadline(time.Now().Add(d)); err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { _ = c.file.SetReadDeadline(time.Now()) })()
	var all []Packet6
	var failed error
	err := c.raw.Read(func(fd uintptr) bool {
		failed = drain(int(fd), &all)
		return failed != nil
	})
	if errors.Is(err, os.ErrDeadlineExceeded) { // what came at the last moment
		err = c.raw.Control(func(fd uintptr) { failed = drain(int(fd), &all) })
	}
	return all, errors.Join(err, os.NewSyscallError("capture", failed))
}

// drain takes all packets that are there.
func drain(fd int, all *[]Packet6) error {
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := unix.Recvfrom(fd, buffer, 0)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.ENETDOWN), errors.Is(err, unix.EINTR): // a link that goes down may come back
		case err != nil:
			return err
		default:
			if p, ok := readIPv6(buffer[:n]); ok {
				p.Link = from.(*unix.SockaddrLinklayer).Ifindex
				*all = append(*all, p)
			}
		}
	}
}

// Of the headers of IPv6, and types of ICMPv6.
const (
	ipv6Header = 40
	hopByHop   = 0
	icmpv6     = 58

	mldQuery, mldReport, mldDone, mld2Report = 130, 131, 132, 143
	routerSolicit, neighborSolicit           = 133, 135
)

func readIPv6(b []byte) (p Packet6, ok bool) {
	if len(b) < ipv6Header || b[0]>>4 != 6 {
		return p, false
	}
	p = Packet6{Kind: OtherIPv6, Source: netip.AddrFrom16([16]byte(b[8:24])), Destination: netip.AddrFrom16([16]byte(b[24:40]))}
	next, rest := b[6], b[ipv6Header:]
	if next == hopByHop && len(rest) >= 8 { // MLD has a router alert
		length := 8 * (1 + int(rest[1]))
		next, rest = rest[0], rest[min(length, len(rest)):]
	}
	if next == icmpv6 && len(rest) > 0 {
		p.Kind = icmpKind(rest[0], p.Source)
	}
	return p, true
}

func icmpKind(kind byte, source netip.Addr) string {
	switch kind {
	case mldQuery, mldReport, mldDone, mld2Report:
		return MLD
	case routerSolicit:
		return RouterSolicitation
	case neighborSolicit:
		if source.IsUnspecified() {
			return DAD
		}
	}
	return OtherIPv6
}
