// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"
)

// resend is how long a client waits for an answer to a datagram before it sends it again: the first one may
// have been lost while an address was resolved.
const resend = 250 * time.Millisecond

func newNonce() string { return rand.Text() }

func (r Request) askTCP(ctx context.Context, result *Result) error {
	dialer := net.Dialer{LocalAddr: localAddr(r.From, func(a netip.AddrPort) net.Addr { return net.TCPAddrFromAddrPort(a) })}
	conn, err := dialer.DialContext(ctx, "tcp", r.To.String())
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing is left to be said on it
	result.Local = addrPort(conn.LocalAddr())
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	time.Sleep(r.Idle)
	q := question{Nonce: newNonce(), Upload: r.Upload, Download: r.Download, Reset: r.Reset}
	if err := r.sendTCP(conn.(*net.TCPConn), q); err != nil {
		return err
	}
	reader := bufio.NewReader(conn)
	line, err := reader.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if result.Reply, err = accept(line, q.Nonce); err != nil {
		return err
	}
	if n, err := io.CopyN(io.Discard, reader, int64(r.Download)); err != nil {
		return fmt.Errorf("%d of %d bytes came: %w", n, r.Download, err)
	}
	return nil
}

func (r Request) sendTCP(conn *net.TCPConn, q question) error {
	text, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if _, err := conn.Write(append(text, '\n')); err != nil {
		return err
	}
	if n, err := io.CopyN(conn, zeros{}, int64(r.Upload)); err != nil {
		return fmt.Errorf("%d of %d bytes went: %w", n, r.Upload, err)
	}
	if r.HalfClose {
		return conn.CloseWrite()
	}
	return nil
}

// zeros is a source of bytes without end.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func (r Request) askUDP(ctx context.Context, result *Result) error {
	dialer := net.Dialer{LocalAddr: localAddr(r.From, func(a netip.AddrPort) net.Addr { return net.UDPAddrFromAddrPort(a) })}
	conn, err := dialer.DialContext(ctx, "udp", r.To.String())
	if err != nil {
		return err
	}
	result.Local = addrPort(conn.LocalAddr())
	if r.AnySource {
		_ = conn.Close() // it told by which address packets leave
		if conn, err = openUDP(result); err != nil {
			return err
		}
	}
	defer conn.Close() //nolint:errcheck // nothing is left to be said on it
	nonce, datagram := newNonce(), []byte(nil)
	if r.Empty {
		nonce = ""
	} else if datagram, err = json.Marshal(question{Nonce: nonce}); err != nil {
		return err
	}
	for len(datagram) < r.Upload {
		datagram = append(datagram, ' ')
	}
	return exchange(ctx, conn, datagram, nonce, result)
}

// unconnected is a socket that takes datagrams from anywhere.
type unconnected struct {
	*net.UDPConn
	result *Result
}

func openUDP(result *Result) (net.Conn, error) {
	socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(result.Local.Addr(), result.From.Port())))
	if err != nil {
		return nil, err
	}
	result.Local = addrPort(socket.LocalAddr())
	return unconnected{socket, result}, nil
}

// Write implements io.Writer.
func (u unconnected) Write(p []byte) (int, error) { return u.WriteToUDPAddrPort(p, u.result.To) }

// Read implements io.Reader.
func (u unconnected) Read(p []byte) (int, error) {
	n, from, err := u.ReadFromUDPAddrPort(p)
	u.result.Answerer = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	return n, err
}

// exchange sends a datagram until it is answered. A server that is refused once may be there a moment later,
// but then the next probe tells.
func exchange(ctx context.Context, conn net.Conn, datagram []byte, nonce string, result *Result) error {
	buffer := make([]byte, 1<<16)
	for ctx.Err() == nil {
		if _, err := conn.Write(datagram); err != nil {
			return err
		}
		deadline, _ := ctx.Deadline()
		if next := time.Now().Add(resend); next.Before(deadline) {
			deadline = next
		}
		if err := conn.SetReadDeadline(deadline); err != nil {
			return err
		}
		n, err := conn.Read(buffer)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return err
		}
		result.Reply, err = accept(buffer[:n], nonce)
		return err
	}
	return ctx.Err()
}

// localAddr is nil, not a typed nil, where nothing is to be bound.
func localAddr(from netip.AddrPort, address func(netip.AddrPort) net.Addr) net.Addr {
	if !from.IsValid() {
		return nil
	}
	return address(from)
}

func addrPort(a net.Addr) netip.AddrPort {
	parsed, _ := netip.ParseAddrPort(a.String()) // both come from the kernel
	return netip.AddrPortFrom(parsed.Addr().Unmap(), parsed.Port())
}
