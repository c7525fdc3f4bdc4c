// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"net"
	"slices"
	"testing"
)

func TestListening(t *testing.T) {
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close() //nolint:errcheck // the test is over
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close() //nolint:errcheck // the test is over
	client, err := net.Dial("tcp4", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close() //nolint:errcheck // the test is over
	found := listening("/proc/thread-self/net")
	for _, c := range []struct {
		port int
		want bool
	}{
		{tcp.Addr().(*net.TCPAddr).Port, true},
		{udp.LocalAddr().(*net.UDPAddr).Port, true},
		{client.LocalAddr().(*net.TCPAddr).Port, false},
	} {
		if slices.Contains(found, uint16(c.port)) != c.want {
			t.Errorf("%d among those who listen: %v, want %v", c.port, !c.want, c.want)
		}
	}
}
