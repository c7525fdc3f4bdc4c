// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Listen is one end at which a server answers. The zero address means all of both families.
type Listen struct {
	Protocol string     `json:"protocol"`
	Address  netip.Addr `json:"address,omitzero"`
	Port     uint16     `json:"port"`
}

// Manner of a server.
type Manner string

// The manners. The odd ones are for tests of the suite.
const (
	Honest Manner = ""
	// Silent takes everything and answers nothing.
	Silent Manner = "silent"
	// Rogue answers in the protocol without having read the nonce.
	Rogue Manner = "rogue"
)

// Server answers every question with who it is and whom it saw.
type Server struct {
	identity string
	manner   Manner
	inode    uint64
	closers  []io.Closer
	running  sync.WaitGroup
}

// patience bounds how long a server waits for a client.
const patience = time.Minute

// Serve starts a server in the network namespace of the calling thread; all ends are open when it returns.
func Serve(identity string, manner Manner, ends ...Listen) (*Server, error) {
	s := &Server{identity: identity, manner: manner, inode: inode()}
	for _, end := range ends {
		if err := s.listen(end); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func inode() uint64 {
	var stat unix.Stat_t
	_ = unix.Stat("/proc/thread-self/ns/net", &stat) // zero where there are no namespaces
	return stat.Ino
}

// Close ends the server; clients that are being answered are cut off.
func (s *Server) Close() {
	for _, c := range s.closers {
		_ = c.Close()
	}
	s.running.Wait()
}

func (s *Server) listen(end Listen) error {
	host := ""
	if end.Address.IsValid() {
		host = end.Address.String()
	}
	at := net.JoinHostPort(host, strconv.Itoa(int(end.Port)))
	switch end.Protocol {
	case TCP:
		l, err := net.Listen("tcp", at)
		if err != nil {
			return err
		}
		s.start(l, func() { s.acceptTCP(l) })
	case UDP:
		conn, err := net.ListenPacket("udp", at)
		if err != nil {
			return err
		}
		s.start(conn, func() { s.answerUDP(conn.(*net.UDPConn)) })
	case SCTP:
		return s.listenSCTP(end)
	default:
		return errors.New("no such protocol: " + end.Protocol)
	}
	return nil
}

func (s *Server) start(c io.Closer, serve func()) {
	s.closers = append(s.closers, c)
	s.running.Go(serve)
}

// connections that are open, so that Close can cut them off.
type connections struct {
	sync.Mutex
	open map[net.Conn]bool
}

// Close implements io.Closer.
func (c *connections) Close() error {
	c.Lock()
	defer c.Unlock()
	for conn := range c.open {
		_ = conn.Close()
	}
	return nil
}

func (s *Server) acceptTCP(l net.Listener) {
	all := &connections{open: map[net.Conn]bool{}}
	var serving sync.WaitGroup
	for {
		conn, err := l.Accept()
		if err != nil { // closed
			_ = all.Close()
			serving.Wait()
			return
		}
		all.Lock()
		all.open[conn] = true
		all.Unlock()
		serving.Go(func() {
			s.answerTCP(conn.(*net.TCPConn))
			all.Lock()
			delete(all.open, conn)
			all.Unlock()
		})
	}
}

func (s *Server) answerTCP(conn *net.TCPConn) {
	defer conn.Close() //nolint:errcheck // the client judges
	reader := bufio.NewReader(conn)
	for {
		_ = conn.SetDeadline(time.Now().Add(patience))
		if !s.answerLine(conn, reader) {
			return
		}
	}
}

// answerLine answers one question, and tells whether more will come.
func (s *Server) answerLine(conn *net.TCPConn, reader *bufio.Reader) (more bool) {
	line, err := reader.ReadBytes('\n')
	var q question
	if err != nil || s.manner == Silent || json.Unmarshal(line, &q) != nil {
		if s.manner == Silent {
			_, _ = io.Copy(io.Discard, reader)
		}
		return false
	}
	if _, err := io.CopyN(io.Discard, reader, int64(q.Upload)); err != nil {
		return false
	}
	if q.Reset {
		_ = conn.SetLinger(0)
		return false
	}
	if _, err := conn.Write(append(s.reply(q.Nonce, conn.RemoteAddr(), conn.LocalAddr()), '\n')); err == nil {
		_, _ = io.CopyN(conn, zeros{}, int64(q.Download))
	}
	return q.Stay
}

func (s *Server) reply(nonce string, peer, local net.Addr) []byte {
	if s.manner == Rogue {
		nonce = "rogue"
	}
	text, _ := json.Marshal(Reply{Nonce: nonce, Identity: s.identity, Peer: addrPort(peer), Local: addrPort(local), Inode: s.inode})
	return text
}

func (s *Server) answerUDP(conn *net.UDPConn) {
	buffer := make([]byte, 1<<16)
	for {
		n, peer, err := conn.ReadFromUDPAddrPort(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		var q question
		if err != nil || s.manner == Silent || n > 0 && json.Unmarshal(buffer[:n], &q) != nil {
			continue
		}
		answer := s.reply(q.Nonce, net.UDPAddrFromAddrPort(peer), conn.LocalAddr())
		for len(answer) < n {
			answer = append(answer, ' ')
		}
		_, _ = conn.WriteToUDPAddrPort(answer[:min(len(answer), maxDatagram)], peer)
	}
}

// maxDatagram is what fits into one datagram of IPv4.
const maxDatagram = 65507
