// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"net/netip"
	"testing"
	"time"
)

func TestConversation(t *testing.T) {
	end := Listen{Protocol: TCP, Address: netip.MustParseAddr("127.0.0.1"), Port: 18241}
	server, err := Serve("me", Honest, end)
	if err != nil {
		t.Fatal(err)
	}
	c := Conversation{To: netip.AddrPortFrom(end.Address, end.Port)}
	defer c.Close()
	first := c.Ask(t.Context(), time.Second)
	second := c.Ask(t.Context(), time.Second)
	if first.Outcome != Answered || second.Outcome != Answered || first.Local != second.Local || c.Broken != 0 {
		t.Errorf("%+v, %+v, broken %d", first, second, c.Broken)
	}
	server.Close()
	if gone := c.Ask(t.Context(), time.Second); gone.Outcome == Answered || c.Broken != 1 {
		t.Errorf("%+v, broken %d", gone, c.Broken)
	}
	if gone := c.Ask(t.Context(), time.Second); gone.Outcome != Refused || c.Broken != 1 {
		t.Errorf("a connection that was not there is broken: %+v, %d", gone, c.Broken)
	}
}
