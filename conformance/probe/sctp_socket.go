// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// rawSocket receives all SCTP packets of one family in the network namespace of the thread that opened it.
// While one is open there and takes a packet, the kernel does not answer that packet with "protocol unreachable".
type rawSocket struct {
	syscall.RawConn
	file *os.File
	six  bool
}

func openRaw(six bool) (*rawSocket, error) {
	family := unix.AF_INET
	if six {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_SCTP)
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("%w: SCTP takes a raw socket here, and that takes CAP_NET_RAW", unix.EPROTONOSUPPORT)
	}
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	file := os.NewFile(uintptr(fd), "sctp")
	conn, err := file.SyscallConn()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &rawSocket{conn, file, six}, nil
}

// Close implements io.Closer.
func (s *rawSocket) Close() error { return s.file.Close() }

// control calls f with the descriptor and returns its error.
func (s *rawSocket) control(call string, f func(fd int) error) error {
	var err error
	if closed := s.Control(func(fd uintptr) { err = f(int(fd)) }); closed != nil {
		return closed
	}
	return os.NewSyscallError(call, err)
}

// option switches an option on, by its name in the socket's family.
func (s *rawSocket) option(four, six int) error {
	return s.control("setsockopt", func(fd int) error {
		if s.six {
			return unix.SetsockoptInt(fd, unix.SOL_IPV6, six, 1)
		}
		return unix.SetsockoptInt(fd, unix.SOL_IP, four, 1)
	})
}

func (s *rawSocket) bind(a netip.Addr) error {
	to, err := sockaddr(a)
	if err != nil {
		return err
	}
	return s.control("bind", func(fd int) error { return unix.Bind(fd, to) })
}

func (s *rawSocket) connect(a netip.Addr) error {
	to, err := sockaddr(a)
	if err != nil {
		return err
	}
	return s.control("connect", func(fd int) error { return unix.Connect(fd, to) })
}

// local is the socket's own address.
func (s *rawSocket) local() netip.Addr {
	var name unix.Sockaddr
	_ = s.control("getsockname", func(fd int) (err error) {
		name, err = unix.Getsockname(fd)
		return err
	})
	return addrOf(name)
}

// payload is what a packet has behind the header of IPv4; the one of IPv6 does not reach a socket.
func (s *rawSocket) payload(packet []byte) []byte {
	if s.six || len(packet) == 0 {
		return packet
	}
	return packet[min(int(packet[0]&0xf)*4, len(packet)):]
}

// sockaddr has the zone as a number. Package net remembers names of interfaces for the whole process, which are
// other ones in another namespace.
func sockaddr(a netip.Addr) (unix.Sockaddr, error) {
	a = a.Unmap()
	if a.Is4() {
		return &unix.SockaddrInet4{Addr: a.As4()}, nil
	}
	to := &unix.SockaddrInet6{Addr: a.As16()}
	if zone := a.Zone(); zone != "" {
		index, err := strconv.Atoi(zone)
		if err != nil {
			link, err := net.InterfaceByName(zone)
			if err != nil {
				return nil, err
			}
			index = link.Index
		}
		to.ZoneId = uint32(index)
	}
	return to, nil
}

// addrOf is the address of a socket or of a sender, with the zone as a number.
func addrOf(name unix.Sockaddr) netip.Addr {
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(name.Addr)
	case *unix.SockaddrInet6:
		a := netip.AddrFrom16(name.Addr)
		if name.ZoneId != 0 {
			a = a.WithZone(strconv.Itoa(int(name.ZoneId)))
		}
		return a
	}
	return netip.Addr{}
}
