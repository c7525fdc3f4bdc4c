// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Application is what software sees of IPv6 in a network namespace.
type Application struct {
	// Interfaces are the addresses that enumerating interfaces finds, with their prefix lengths.
	Interfaces Lookup `json:"interfaces"`
	// Socket6 makes a socket of IPv6.
	Socket6 Attempt `json:"socket6"`
	// ListenAny binds :: and serves a client of 127.0.0.1 there, as the namespace has it (net.ipv6.bindv6only).
	ListenAny Attempt `json:"listenAny"`
	// BindLoopback6 binds ::1.
	BindLoopback6 Attempt `json:"bindLoopback6"`
	// Connect6 connects to a global IPv6 address where nobody is.
	Connect6 Attempt `json:"connect6"`
	// GoLocalhost is what Go's resolver finds for localhost.
	GoLocalhost Lookup `json:"goLocalhost"`
	// LibcLocalhost is what getaddrinfo of the C library finds for localhost: as most software asks, which is
	// with AI_ADDRCONFIG, without that flag, and for IPv6 only.
	LibcLocalhost  Lookup `json:"libcLocalhost"`
	LibcEverything Lookup `json:"libcEverything"`
	LibcLocalhost6 Lookup `json:"libcLocalhost6"`
}

// Attempt is what became of a system call, or of some.
type Attempt struct {
	// Errno is the name of the error, "" where there was none.
	Errno string        `json:"errno,omitempty"`
	Took  time.Duration `json:"took"`
}

// Lookup is what was found under a name.
type Lookup struct {
	// Addresses in the order in which software tries them, and those to which there is no way here.
	Addresses []string `json:"addresses,omitempty"`
	Unusable  []string `json:"unusable,omitempty"`
	// Error says why there are none.
	Error string        `json:"error,omitempty"`
	Took  time.Duration `json:"took"`
}

// nobody6 is a global address of no host.
var nobody6 = netip.MustParseAddrPort("[fd00::1:2:3]:9")

// patience6 bounds each reading: what takes as long is a hang.
const patience6 = time.Second

// SeeAsApplication reads the network namespace of the calling thread as software does. What goes wrong is a
// reading. Sockets are made by bare system calls: package net asks once in the life of a process what the kernel
// can do with IPv6, in whatever namespace that happens.
func SeeAsApplication(ctx context.Context) Application {
	return Application{
		Interfaces:     enumerate(),
		Socket6:        attempt(func() error { return withSocket(unix.AF_INET6, func(int) error { return nil }) }),
		ListenAny:      attempt(serveAny),
		BindLoopback6:  attempt(bindLoopback6),
		Connect6:       attempt(func() error { return connect(unix.SOCK_STREAM, nobody6) }),
		GoLocalhost:    lookupGo(ctx),
		LibcLocalhost:  lookupLibc(ctx, "ahosts", "localhost"),
		LibcEverything: lookupLibc(ctx, "--no-addrconfig", "ahosts", "localhost"),
		LibcLocalhost6: lookupLibc(ctx, "ahostsv6", "localhost"),
	}
}

func attempt(f func() error) Attempt {
	start := time.Now()
	err := f()
	a := Attempt{Took: time.Since(start)}
	if errno, ok := err.(unix.Errno); ok { //nolint:errorlint // the functions here return what the kernel does
		a.Errno = unix.ErrnoName(errno)
	} else if err != nil {
		a.Errno = err.Error()
	}
	return a
}

// enumerate asks the kernel in this very thread.
func enumerate() Lookup {
	start := time.Now()
	addresses, err := net.InterfaceAddrs()
	found := Lookup{Took: time.Since(start)}
	if err != nil {
		found.Error = err.Error()
	}
	for _, a := range addresses {
		found.Addresses = append(found.Addresses, a.String())
	}
	return found
}

// withSocket gives f a stream socket that does not wait longer than patience6 for anything.
func withSocket(family int, f func(fd int) error) error {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing is left to be said on it
	limit := unix.NsecToTimeval(patience6.Nanoseconds())
	for _, option := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} {
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, option, &limit); err != nil {
			return err
		}
	}
	return f(fd)
}

func bindLoopback6() error {
	return withSocket(unix.AF_INET6, func(fd int) error {
		return unix.Bind(fd, &unix.SockaddrInet6{Addr: netip.IPv6Loopback().As16()})
	})
}

// serveAny is server and client in one. Whether the server takes IPv4, too, it leaves to net.ipv6.bindv6only. What the client sends waits in the kernel until the server takes it.
func serveAny() error {
	return withSocket(unix.AF_INET6, func(server int) error {
		if err := unix.Bind(server, &unix.SockaddrInet6{}); err != nil { // ::
			return err
		}
		if err := unix.Listen(server, 1); err != nil {
			return err
		}
		name, err := unix.Getsockname(server)
		if err != nil {
			return err
		}
		to := &unix.SockaddrInet4{Port: name.(*unix.SockaddrInet6).Port, Addr: [4]byte{127, 0, 0, 1}}
		return withSocket(unix.AF_INET, func(client int) error { return converse(server, client, to) })
	})
}

// converse sends a word to the server and back.
func converse(server, client int, to unix.Sockaddr) error {
	if err := unix.Connect(client, to); err != nil {
		return err
	}
	conn, err := again(func() (int, error) {
		fd, _, err := unix.Accept4(server, unix.SOCK_CLOEXEC)
		return fd, err
	})
	if err != nil {
		return err
	}
	defer unix.Close(conn) //nolint:errcheck // nothing is left to be said on it
	word := []byte(newNonce())
	for _, way := range [][2]int{{client, conn}, {conn, client}} {
		if err := pass(way[0], way[1], word); err != nil {
			return err
		}
	}
	return nil
}

func pass(from, to int, word []byte) error {
	if _, err := again(func() (int, error) { return unix.Write(from, word) }); err != nil {
		return err
	}
	buffer := make([]byte, 2*len(word))
	n, err := again(func() (int, error) { return unix.Read(to, buffer) })
	if err == nil && string(buffer[:n]) != string(word) {
		err = unix.EPROTO
	}
	return err
}

// again repeats a call that a signal interrupted.
func again(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR { //nolint:errorlint // the kernel's own
			return n, err
		}
	}
}

// connect to an address; where that takes longer than patience6, the error is ETIMEDOUT.
func connect(kind int, to netip.AddrPort) error {
	name, err := sockaddr(to.Addr())
	if err != nil {
		return err
	}
	family := unix.AF_INET
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		name.Port = int(to.Port())
	case *unix.SockaddrInet6:
		family, name.Port = unix.AF_INET6, int(to.Port())
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing is left to be said on it
	err = unix.Connect(fd, name)
	if err == unix.EINPROGRESS { //nolint:errorlint // the kernel's own
		err = connected(fd)
	}
	return err
}

// connected waits for what becomes of a connection.
func connected(fd int) error {
	deadline := time.Now().Add(patience6)
	ready, err := again(func() (int, error) {
		return unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, max(0, int(time.Until(deadline).Milliseconds())))
	})
	if err != nil {
		return err
	}
	if ready == 0 {
		return unix.ETIMEDOUT
	}
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		err = unix.Errno(errno)
	}
	return err
}
