// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"encoding/json"
	"errors"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// listenSCTP answers at one port. The socket takes all SCTP packets of the namespace that are for its address,
// so while it is open nobody there is refused at another port: those who ask wait in vain.
func (s *Server) listenSCTP(end Listen) error {
	families := []bool{false, true} // whether it is IPv6
	if end.Address.IsValid() {
		families = []bool{end.Address.Unmap().Is6()}
	}
	opened := 0
	for _, six := range families {
		socket, err := openRaw(six)
		if errors.Is(err, unix.EAFNOSUPPORT) && six && opened > 0 {
			continue
		}
		if err == nil {
			err = socket.listen(end.Address)
		}
		if err != nil {
			return err
		}
		opened++
		s.start(socket, func() { s.answerSCTP(socket, end.Port) })
	}
	return nil
}

// listen closes the socket where it fails.
func (s *rawSocket) listen(at netip.Addr) error {
	err := s.option(unix.IP_PKTINFO, unix.IPV6_RECVPKTINFO)
	if err == nil && at.IsValid() {
		err = s.bind(at)
	}
	if err != nil {
		_ = s.Close()
	}
	return err
}

func (s *Server) answerSCTP(socket *rawSocket, port uint16) {
	buffer, control := make([]byte, 1<<16), make([]byte, 1<<9)
	for {
		var n, controls int
		var from unix.Sockaddr
		var err error
		closed := socket.Read(func(fd uintptr) bool {
			n, controls, _, from, err = unix.Recvmsg(int(fd), buffer, control, 0)
			return !errors.Is(err, unix.EAGAIN)
		})
		if closed != nil {
			return
		}
		init, ok := parseSCTP(socket.payload(buffer[:n]))
		if err != nil || !ok || init.kind != chunkInit || init.tag != 0 || init.to != port || s.manner == Silent {
			continue
		}
		to, info := destination(control[:controls])
		answer := s.initAck(init, addrOf(from), to)
		_ = socket.control("send", func(fd int) error { return unix.Sendmsg(fd, answer, info, from, 0) }) // the client asks again
	}
}

// initAck answers an INIT. The state cookie, which a client has to give back unread, is where the reply is.
func (s *Server) initAck(init sctpPacket, from, to netip.Addr) []byte {
	var q question
	_ = json.Unmarshal(init.parameter, &q) // without a nonce where there is no question
	peer, local := netip.AddrPortFrom(from, init.from), netip.AddrPortFrom(to, init.to)
	reply := s.reply(q.Nonce, net.UDPAddrFromAddrPort(peer), net.UDPAddrFromAddrPort(local))
	return sctpPacket{from: init.to, to: init.from, tag: init.initiate, kind: chunkInitAck, initiate: newTag(), parameter: reply}.marshal()
}

// destination is where a packet went, and the control message that sends an answer from there.
func destination(control []byte) (to netip.Addr, info []byte) {
	messages, _ := unix.ParseSocketControlMessage(control) // the kernel's own
	for _, m := range messages {
		switch {
		case m.Header.Level == unix.SOL_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo:
			address := [4]byte(m.Data[8:12]) // ifindex, local address, destination
			return netip.AddrFrom4(address), unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: address})
		case m.Header.Level == unix.SOL_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= unix.SizeofInet6Pktinfo:
			to = netip.AddrFrom16([16]byte(m.Data[:16]))
			answer := unix.Inet6Pktinfo{Addr: to.As16()}
			return to, unix.PktInfo6(&answer)
		}
	}
	return to, nil
}
