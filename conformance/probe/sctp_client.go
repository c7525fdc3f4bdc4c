// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// askSCTP looks at To, From and Limit of the request only: there is no association that could carry more.
func (r Request) askSCTP(ctx context.Context, result *Result) error {
	c, err := r.dialSCTP()
	if err != nil {
		return err
	}
	defer c.socket.Close()                                          //nolint:errcheck // nothing is left to be said on it
	defer context.AfterFunc(ctx, func() { _ = c.socket.Close() })() // ends the waiting
	result.Local = c.local
	q := question{Nonce: newNonce()}
	text, err := json.Marshal(q)
	if err != nil {
		return err
	}
	answer, err := c.exchange(ctx, text)
	if err != nil {
		return err
	}
	result.Reply, err = accept(answer, q.Nonce)
	return err
}

// sctpClient asks one peer from one port.
type sctpClient struct {
	socket *rawSocket
	local  netip.AddrPort
	// port of the peer.
	port   uint16
	tag    uint32
	buffer []byte
	answer []byte
	// rejected is what was heard from somebody beside whom a server may still answer.
	rejected error
}

func (r Request) dialSCTP() (*sctpClient, error) {
	to := r.To.Addr().Unmap()
	socket, err := openRaw(to.Is6())
	if err != nil {
		return nil, err
	}
	err = socket.option(unix.IP_RECVERR, unix.IPV6_RECVERR)
	if err == nil && r.From.Addr().IsValid() {
		err = socket.bind(r.From.Addr())
	}
	if err == nil {
		err = socket.connect(to)
	}
	if err != nil {
		_ = socket.Close()
		return nil, err
	}
	port := r.From.Port()
	if port == 0 {
		port = newPort()
	}
	local := netip.AddrPortFrom(socket.local(), port)
	return &sctpClient{socket: socket, local: local, port: r.To.Port(), tag: newTag(), buffer: make([]byte, 1<<16)}, nil
}

// exchange sends an INIT until it is answered: the same one each time, as a stack would.
func (c *sctpClient) exchange(ctx context.Context, text []byte) ([]byte, error) {
	packet := sctpPacket{from: c.local.Port(), to: c.port, kind: chunkInit, initiate: c.tag, parameter: text}.marshal()
	for {
		err := c.send(packet)
		if err == nil {
			err = c.receive()
		}
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil:
			return c.answer, nil
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return nil, err
		case c.rejected != nil:
			return nil, c.rejected
		}
	}
}

func (c *sctpClient) send(packet []byte) error {
	var failed error
	err := c.socket.Write(func(fd uintptr) bool {
		return c.retry(int(fd), &failed, func() error { return unix.Send(int(fd), packet, 0) })
	})
	return errors.Join(err, failed)
}

// receive waits for the answer until it is time to ask again.
func (c *sctpClient) receive() error {
	if err := c.socket.file.SetReadDeadline(time.Now().Add(resend)); err != nil {
		return err
	}
	var failed error
	err := c.socket.Read(func(fd uintptr) bool {
		return c.retry(int(fd), &failed, func() error {
			for {
				n, _, err := unix.Recvfrom(int(fd), c.buffer, 0)
				if err != nil || c.understand(c.socket.payload(c.buffer[:n])) {
					return err
				}
			}
		})
	})
	return errors.Join(err, failed)
}

// maxStrikes bounds how often a call may fail for no reason that can be found.
const maxStrikes = 10

// retry makes a call until it succeeds, until it would block (done is false then), or until it turns out to have
// failed for this client. The kernel also tells a socket of ICMP errors that concern other clients of the same
// peer, as the failure of whatever call comes next.
func (c *sctpClient) retry(fd int, failed *error, call func() error) (done bool) {
	for strikes := 0; ; strikes++ {
		if *failed = c.icmp(fd); *failed != nil {
			return true
		}
		err := call()
		switch {
		case errors.Is(err, unix.EAGAIN):
			return false
		case err == nil || strikes == maxStrikes:
			*failed = err
			return true
		}
	}
}

// understand says whether a packet is the answer. An ABORT comes from a kernel that speaks SCTP and knows of no
// server; one of ours may be there all the same. The INIT itself comes back where the way to the server ends in
// this namespace: this very socket keeps the kernel from refusing it.
func (c *sctpClient) understand(packet []byte) bool {
	p, ok := parseSCTP(packet)
	mine := ok && p.from == c.port && p.to == c.local.Port() && p.tag == c.tag
	if mine && p.kind == chunkInitAck {
		c.answer = bytes.Clone(p.parameter)
		return true
	}
	if c.rejected == nil && (mine && p.kind == chunkAbort || ok && p.kind == chunkInit && p.initiate == c.tag) {
		c.rejected = unix.ECONNREFUSED
		_ = c.socket.file.SetReadDeadline(time.Now().Add(resend))
	}
	return false
}

// icmp reads the ICMP errors that came, and returns the one that answers this client's INIT.
func (c *sctpClient) icmp(fd int) error {
	packet, control := make([]byte, 1<<10), make([]byte, 1<<9)
	for {
		n, controls, _, _, err := unix.Recvmsg(fd, packet, control, unix.MSG_ERRQUEUE)
		if err != nil {
			return nil // no more
		}
		if n < 4 || binary.BigEndian.Uint16(packet) != c.local.Port() || binary.BigEndian.Uint16(packet[2:]) != c.port {
			continue
		}
		messages, _ := unix.ParseSocketControlMessage(control[:controls]) // the kernel's own
		for _, m := range messages {
			four, six := m.Header.Level == unix.SOL_IP && m.Header.Type == unix.IP_RECVERR, m.Header.Level == unix.SOL_IPV6 && m.Header.Type == unix.IPV6_RECVERR
			if (four || six) && len(m.Data) >= 4 {
				return unix.Errno(binary.NativeEndian.Uint32(m.Data)) // struct sock_extended_err begins with it
			}
		}
	}
}
