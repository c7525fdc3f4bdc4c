// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"encoding/json"
	"net"
	"testing"
	"time"
)

// TestAnySource: an answer from elsewhere is told apart from none, by clients that are asked to.
func TestAnySource(t *testing.T) {
	asked, answers := listenUDP(t), listenUDP(t)
	go func() {
		buffer := make([]byte, 1<<10)
		for {
			n, peer, err := asked.ReadFromUDPAddrPort(buffer)
			var q question
			if err != nil || json.Unmarshal(buffer[:n], &q) != nil {
				return
			}
			text, _ := json.Marshal(Reply{Nonce: q.Nonce, Identity: "elsewhere", Peer: peer})
			_, _ = answers.WriteToUDPAddrPort(text, peer)
		}
	}()
	r := Request{Protocol: UDP, To: addrPort(asked.LocalAddr()), Limit: 300 * time.Millisecond}
	if got := r.Do(t.Context()); got.Outcome != Timeout {
		t.Errorf("a client that is connected got %s (%s)", got.Outcome, got.Error)
	}
	r.AnySource, r.Limit = true, 10*time.Second
	got := r.Do(t.Context())
	if got.Outcome != Answered || got.Answerer != addrPort(answers.LocalAddr()) {
		t.Fatalf("got %s from %s (%s)", got.Outcome, got.Answerer, got.Error)
	}
	if got.Reply.Peer != got.Local {
		t.Errorf("the server saw %s, and the client was %s", got.Reply.Peer, got.Local)
	}
}

func listenUDP(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
