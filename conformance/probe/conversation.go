// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"time"
)

// Conversation asks a TCP server again and again on one connection, which is made anew when it breaks.
type Conversation struct {
	To netip.AddrPort
	// Broken is how often a connection that was there broke.
	Broken int

	conn   net.Conn
	reader *bufio.Reader
}

// Ask asks once, within the limit. What goes wrong is a result.
func (c *Conversation) Ask(ctx context.Context, limit time.Duration) Result {
	start := time.Now()
	result := Result{Request: Request{Protocol: TCP, To: c.To, Limit: limit}, Outcome: Answered}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	there := c.conn != nil
	if err := c.ask(ctx, &result); err != nil {
		result.Outcome, result.Error = classify(err), err.Error()
		c.Close()
		if there {
			c.Broken++
		}
	}
	result.Took = time.Since(start)
	return result
}

func (c *Conversation) ask(ctx context.Context, result *Result) error {
	if c.conn == nil {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.To.String())
		if err != nil {
			return err
		}
		c.conn, c.reader = conn, bufio.NewReader(conn)
	}
	result.Local = addrPort(c.conn.LocalAddr())
	deadline, _ := ctx.Deadline()
	if err := c.conn.SetDeadline(deadline); err != nil {
		return err
	}
	q := question{Nonce: newNonce(), Stay: true}
	text, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if _, err := c.conn.Write(append(text, '\n')); err != nil {
		return err
	}
	line, err := c.reader.ReadBytes('\n')
	if err != nil {
		return err
	}
	result.Reply, err = accept(line, q.Nonce)
	return err
}

// Close ends the connection.
func (c *Conversation) Close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}
