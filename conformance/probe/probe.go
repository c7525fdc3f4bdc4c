// SPDX-License-Identifier: Apache-2.0

// Package probe is what asks and what answers: small clients and servers for TCP, UDP and SCTP that prove who
// answered, and readings of what a network namespace holds. It works in the network namespace of the calling
// thread, so the same code serves namespaces on one machine and pods of a cluster.
package probe

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The protocols of a host port.
const (
	TCP  = "tcp"
	UDP  = "udp"
	SCTP = "sctp"
)

// Outcome of a probe, as its client saw it.
type Outcome string

// The outcomes.
const (
	Answered    Outcome = "answered"
	Refused     Outcome = "refused"
	Timeout     Outcome = "timeout"
	Unreachable Outcome = "unreachable"
	Reset       Outcome = "reset"
	// NoAddress: the client's end could not be bound, or the target's address is none here.
	NoAddress Outcome = "no-address"
	// WrongAnswer: somebody answered without the nonce, or it was not who had to.
	WrongAnswer Outcome = "wrong-answer"
)

// Request is one question.
type Request struct {
	Protocol string         `json:"protocol"`
	To       netip.AddrPort `json:"to"`
	// From binds the client's end; the zero value leaves it to the kernel.
	From netip.AddrPort `json:"from,omitzero"`
	// Limit on the whole exchange.
	Limit time.Duration `json:"limit"`
	// Upload and Download are bytes beyond the question and the answer. For UDP, Upload pads the datagram to
	// that size, and the answer is as long; Empty sends a datagram without content.
	Upload   int  `json:"upload,omitempty"`
	Download int  `json:"download,omitempty"`
	Empty    bool `json:"empty,omitempty"`
	// HalfClose ends the client's direction before the answer; Reset asks the server to reset the connection.
	HalfClose bool `json:"halfClose,omitempty"`
	Reset     bool `json:"reset,omitempty"`
	// AnySource takes an answer to a datagram from anywhere, and notes where it came from. Such a client is never
	// refused.
	AnySource bool `json:"anySource,omitempty"`
	// Idle is how long the connection stays silent before the question.
	Idle time.Duration `json:"idle,omitempty"`
}

// Reply is what a server tells of itself and of the client.
type Reply struct {
	Nonce string `json:"nonce,omitempty"`
	// Identity of the server: the pod's UID.
	Identity string `json:"identity"`
	// Peer is the client as the server saw it, Local the server's own end.
	Peer  netip.AddrPort `json:"peer"`
	Local netip.AddrPort `json:"local"`
	// Inode of the server's network namespace.
	Inode uint64 `json:"inode"`
}

// Result of a request.
type Result struct {
	Request
	Outcome Outcome `json:"outcome"`
	// Reply is nil unless somebody answered.
	Reply *Reply `json:"reply,omitempty"`
	// Local is the client's end.
	Local netip.AddrPort `json:"local,omitzero"`
	// Answerer is where the answer came from, with AnySource.
	Answerer netip.AddrPort `json:"answerer,omitzero"`
	// Error says why there is no answer.
	Error string        `json:"error,omitempty"`
	Took  time.Duration `json:"took"`
}

// question is what a client sends, as one line of JSON.
type question struct {
	Nonce    string `json:"nonce"`
	Upload   int    `json:"upload,omitempty"`
	Download int    `json:"download,omitempty"`
	Reset    bool   `json:"reset,omitempty"`
	// Stay: more questions come on the same connection.
	Stay bool `json:"stay,omitempty"`
}

// Do asks once. What goes wrong is a result, never an error.
func (r Request) Do(ctx context.Context) Result {
	ctx, cancel := context.WithTimeout(ctx, r.Limit)
	defer cancel()
	start := time.Now()
	result := Result{Request: r}
	var err error
	switch r.Protocol {
	case TCP:
		err = r.askTCP(ctx, &result)
	case UDP:
		err = r.askUDP(ctx, &result)
	case SCTP:
		err = r.askSCTP(ctx, &result)
	default:
		err = errors.New("no such protocol: " + r.Protocol)
	}
	result.Took = time.Since(start)
	result.Outcome = Answered
	if err != nil {
		result.Outcome, result.Error = classify(err), err.Error()
	}
	return result
}

// errNonce: somebody answered who had not read the question.
var errNonce = errors.New("the answer does not carry the nonce of the question")

// classes of errors, by what they tell of the path.
var classes = []struct {
	errno   unix.Errno
	outcome Outcome
}{
	{unix.ECONNREFUSED, Refused},
	{unix.ENOPROTOOPT, Refused}, // ICMP protocol unreachable: nobody speaks SCTP there
	{unix.EPROTO, Refused},      // the same of ICMPv6: unrecognized next header
	{unix.EPROTONOSUPPORT, NoAddress},
	{unix.ETIMEDOUT, Timeout},
	{unix.EHOSTUNREACH, Unreachable},
	{unix.ENETUNREACH, Unreachable},
	{unix.EACCES, Unreachable}, // prohibited by a route, or by a firewall that says so
	{unix.ECONNRESET, Reset},
	{unix.EPIPE, Reset},
	{unix.EADDRNOTAVAIL, NoAddress},
	{unix.EAFNOSUPPORT, NoAddress},
	{unix.EINVAL, NoAddress}, // a link-local address without its link
}

func classify(err error) Outcome {
	if errors.Is(err, errNonce) {
		return WrongAnswer
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return Timeout
	}
	for _, c := range classes {
		if errors.Is(err, c.errno) {
			return c.outcome
		}
	}
	return Reset
}

// accept reads a reply and holds it against the nonce.
func accept(text []byte, nonce string) (*Reply, error) {
	var reply Reply
	if err := json.Unmarshal(text, &reply); err != nil || reply.Nonce != nonce {
		return nil, errNonce
	}
	return &reply, nil
}
