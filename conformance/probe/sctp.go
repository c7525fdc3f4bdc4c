// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
)

// SCTP is spoken without SCTP sockets, which many kernels lack, while they all route and translate its packets:
// a question is an INIT, the answer is the INIT-ACK to it, and there it ends. Both are what a real stack would
// send (RFC 9260), because conntrack follows the states and the tags, and NAT works out the checksum anew.

// Types of chunks and of their parameters.
const (
	chunkInit    = 1
	chunkInitAck = 2
	chunkAbort   = 6

	parameterCookie = 7
	// parameterPad belongs into an INIT and is skipped by whoever receives it (RFC 4820): here is the question.
	parameterPad = 0x8005
)

// What an INIT and an INIT-ACK say of a window and of streams: nothing is ever sent in them.
const (
	sctpWindow  = 1 << 16
	sctpStreams = 1
)

// Lengths in bytes.
const (
	sctpHeader      = 12
	chunkHeader     = 4
	initBody        = 16
	parameterHeader = 4
	sctpAlign       = 4
)

// sctpPacket is a packet with one chunk, and of that chunk one parameter: the one with a question or an answer.
type sctpPacket struct {
	// from and to are ports.
	from, to uint16
	// tag is the verification tag: the receiver's own, 0 in an INIT.
	tag  uint32
	kind byte
	// initiate is the sender's own tag. It and what follows is in an INIT and an INIT-ACK.
	initiate  uint32
	parameter []byte
}

// parameterOf says in which parameter of a chunk the text is.
func parameterOf(kind byte) uint16 {
	if kind == chunkInit {
		return parameterPad
	}
	return parameterCookie
}

// newTag is a tag; 0 is none.
func newTag() uint32 { return 1 + rand.Uint32N(1<<32-1) }

// newPort is a client's port.
func newPort() uint16 { return uint16(32768 + rand.IntN(60999-32768)) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// marshal writes an INIT or an INIT-ACK.
func (p sctpPacket) marshal() []byte {
	b := binary.BigEndian.AppendUint16(nil, p.from)
	b = binary.BigEndian.AppendUint16(b, p.to)
	b = binary.BigEndian.AppendUint32(b, p.tag)
	b = append(b, 0, 0, 0, 0, p.kind, 0)
	length := parameterHeader + len(p.parameter)
	b = binary.BigEndian.AppendUint16(b, uint16(chunkHeader+initBody+length)) // without the padding at the end
	b = binary.BigEndian.AppendUint32(b, p.initiate)
	b = binary.BigEndian.AppendUint32(b, sctpWindow)
	b = binary.BigEndian.AppendUint16(b, sctpStreams)
	b = binary.BigEndian.AppendUint16(b, sctpStreams)
	b = binary.BigEndian.AppendUint32(b, rand.Uint32()) // the first sequence number
	b = binary.BigEndian.AppendUint16(b, parameterOf(p.kind))
	b = binary.BigEndian.AppendUint16(b, uint16(length))
	b = append(b, p.parameter...)
	for len(b)%sctpAlign != 0 {
		b = append(b, 0)
	}
	binary.LittleEndian.PutUint32(b[8:], checksum(b))
	return b
}

// checksum of a packet as it is in the packet: over all of it, with zeros in the checksum's place.
func checksum(packet []byte) uint32 {
	sum := crc32.Update(0, castagnoli, packet[:8])
	sum = crc32.Update(sum, castagnoli, make([]byte, 4))
	return crc32.Update(sum, castagnoli, packet[sctpHeader:])
}

// parseSCTP reads the first chunk of a packet. An INIT and an INIT-ACK must be whole and carry the right
// checksum; a kernel's ABORT may come over a link that leaves checksums to hardware that is not there.
func parseSCTP(b []byte) (p sctpPacket, ok bool) {
	if len(b) < sctpHeader+chunkHeader {
		return p, false
	}
	p = sctpPacket{from: binary.BigEndian.Uint16(b), to: binary.BigEndian.Uint16(b[2:]), tag: binary.BigEndian.Uint32(b[4:]), kind: b[sctpHeader]}
	if p.kind != chunkInit && p.kind != chunkInitAck {
		return p, true
	}
	end := sctpHeader + int(binary.BigEndian.Uint16(b[sctpHeader+2:]))
	parameters := sctpHeader + chunkHeader + initBody
	if end < parameters || end > len(b) || binary.LittleEndian.Uint32(b[8:]) != checksum(b) {
		return p, false
	}
	p.initiate = binary.BigEndian.Uint32(b[sctpHeader+chunkHeader:])
	p.parameter, ok = findParameter(b[parameters:end], parameterOf(p.kind))
	return p, ok && p.initiate != 0
}

// findParameter is nil where the parameter is not there; ok is false where the list is broken.
func findParameter(list []byte, wanted uint16) (content []byte, ok bool) {
	for len(list) > 0 {
		if len(list) < parameterHeader {
			return nil, false
		}
		length := int(binary.BigEndian.Uint16(list[2:]))
		if length < parameterHeader || length > len(list) {
			return nil, false
		}
		if binary.BigEndian.Uint16(list) == wanted {
			return list[parameterHeader:length], true
		}
		list = list[min((length+sctpAlign-1)/sctpAlign*sctpAlign, len(list)):]
	}
	return nil, true
}
