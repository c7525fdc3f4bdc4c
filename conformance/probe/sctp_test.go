// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func join(address, port string) string {
	if strings.Contains(address, ":") {
		return "[" + address + "]:" + port
	}
	return address + ":" + port
}

func TestSCTPPacket(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a", "ab", "abc", "abcd"} {
		for _, kind := range []byte{chunkInit, chunkInitAck} {
			want := sctpPacket{from: 1, to: 2, tag: 3, kind: kind, initiate: 4, parameter: []byte(text)}
			packet := want.marshal()
			got, ok := parseSCTP(packet)
			if !ok || got.from != 1 || got.to != 2 || got.tag != 3 || got.kind != kind || got.initiate != 4 || string(got.parameter) != text {
				t.Errorf("%+v became %+v, %t", want, got, ok)
			}
			for i := range packet {
				packet[i] ^= 1
				if got, ok := parseSCTP(packet); ok && (got.kind == chunkInit || got.kind == chunkInitAck) {
					t.Errorf("byte %d is wrong, and nobody minds", i)
				}
				packet[i] ^= 1
			}
			for i := range packet {
				_, _ = parseSCTP(packet[:i])
			}
		}
	}
}

func FuzzSCTP(f *testing.F) {
	f.Add(sctpPacket{from: 1, to: 2, kind: chunkInit, initiate: 4, parameter: []byte("abc")}.marshal())
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = parseSCTP(b)
		if len(b) > sctpHeader {
			binary.LittleEndian.PutUint32(b[8:], checksum(b))
			_, _ = parseSCTP(b)
		}
	})
}

func TestSCTPDirect(t *testing.T) {
	l := newLab(t)
	l.pod.serve(t, Honest, Listen{Protocol: SCTP, Port: 80})
	for server, client := range map[string]string{podIP: clientIP, podIP6: clientIP6} {
		for range 5 {
			got := l.client.ask(t, SCTP, join(server, "80"))
			if got.Outcome != Answered || got.Reply.Identity != "it" || got.Reply.Peer != got.Local || got.Local.Addr() != netip.MustParseAddr(client) || got.Reply.Local != got.To {
				t.Errorf("%s: %+v, %+v", server, got, got.Reply)
			}
		}
		if got := l.client.ask(t, SCTP, join(server, "80"), from(join(client, "4000"))); got.Outcome != Answered || got.Reply.Peer != got.From {
			t.Errorf("%s, from a port of our choice: %+v, %+v", server, got, got.Reply)
		}
		if got := l.client.ask(t, SCTP, join(server, "81"), within(time.Second)); got.Outcome != Timeout {
			t.Errorf("%s, beside a server: %+v", server, got)
		}
	}
}

func TestSCTPRefused(t *testing.T) {
	l := newLab(t)
	for _, server := range []string{podIP, podIP6, nodeIP, nodeIP6} {
		for range 20 {
			if got := l.client.ask(t, SCTP, join(server, "80")); got.Outcome != Refused {
				t.Errorf("%s: %+v", server, got)
			}
		}
	}
	for _, own := range []string{nodeIP, nodeIP6, "127.0.0.1", "::1"} {
		if got := l.node.ask(t, SCTP, join(own, "80")); got.Outcome != Refused {
			t.Errorf("the node to itself at %s: %+v", own, got)
		}
	}
	stop := l.pod.serve(t, Honest, Listen{Protocol: SCTP, Port: 80})
	stop()
	if got := l.client.ask(t, SCTP, join(podIP, "80")); got.Outcome != Refused {
		t.Errorf("after the server ended: %+v", got)
	}
}

func TestSCTPToItself(t *testing.T) {
	l := newLab(t)
	l.pod.serve(t, Honest, Listen{Protocol: SCTP, Port: 80})
	for _, own := range []string{podIP, podIP6, "127.0.0.1", "127.0.0.2", "::1"} {
		if got := l.pod.ask(t, SCTP, join(own, "80")); got.Outcome != Answered || got.Reply.Peer != got.Local {
			t.Errorf("%s: %+v, %+v", own, got, got.Reply)
		}
	}
}

func TestSCTPOutcomes(t *testing.T) {
	l := newLab(t)
	for name, c := range map[string]struct {
		at     space
		to     string
		change []func(*Request)
		want   Outcome
	}{
		"no route":           {l.pod, "[fe80::1]:80", nil, NoAddress},
		"a silent host":      {l.client, "192.0.2.77:80", nil, Timeout},
		"an address of none": {l.client, join(podIP, "80"), []func(*Request){from("192.0.2.99:0")}, NoAddress},
		"no way":             {newSpace(t), join(podIP, "80"), nil, Unreachable},
		"no way in IPv6":     {newSpace(t), join(podIP6, "80"), nil, Unreachable},
		"no way behind":      {l.client, "198.51.100.1:80", nil, Unreachable},
		"none in IPv6":       {l.client, "[fd00:99::1]:80", nil, Unreachable},
	} {
		if got := c.at.ask(t, SCTP, c.to, append(c.change, within(time.Second))...); got.Outcome != c.want {
			t.Errorf("%s: %s instead of %s: %+v", name, got.Outcome, c.want, got)
		}
	}
}

func TestSCTPManners(t *testing.T) {
	l := newLab(t)
	l.pod.serve(t, Silent, Listen{Protocol: SCTP, Port: 80})
	l.node.serve(t, Rogue, Listen{Protocol: SCTP, Port: 80, Address: netip.MustParseAddr(nodeIP)})
	if got := l.client.ask(t, SCTP, join(podIP, "80"), within(time.Second)); got.Outcome != Timeout {
		t.Errorf("silent: %+v", got)
	}
	if got := l.client.ask(t, SCTP, join(nodeIP, "80")); got.Outcome != WrongAnswer {
		t.Errorf("rogue: %+v", got)
	}
	if got := l.client.ask(t, SCTP, join("10.1.1.1", "80")); got.Outcome != Refused {
		t.Errorf("an address that the server did not bind: %+v", got)
	}
}

// TestSCTPTogether: what is told to one client concerns others of the same peer.
func TestSCTPTogether(t *testing.T) {
	l := newLab(t)
	l.pod.serve(t, Honest, Listen{Protocol: SCTP, Port: 80, Address: netip.MustParseAddr(podIP)})
	l.node.do(t, func() error { return run("iptables", "-A", "FORWARD", "-p", "sctp", "--dport", "81", "-j", "REJECT") })
	results := make(chan Result)
	for i := range 40 {
		to, want := join(podIP, "80"), Answered
		if i%2 == 1 {
			to, want = join(podIP, "81"), Refused
		}
		go func() {
			r := Request{Protocol: SCTP, To: netip.MustParseAddrPort(to), Limit: 5 * time.Second}
			_ = l.client.try(func() error {
				result := r.Do(t.Context())
				if result.Outcome != want {
					t.Errorf("%+v", result)
				}
				results <- result
				return nil
			})
		}()
	}
	for range 40 {
		<-results
	}
}
