// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// eventually waits for what the kernel does a moment later.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Errorf("never: %s", what)
}

func (s space) change(t *testing.T, c Change) {
	t.Helper()
	s.do(t, c.Make)
}

func mentions(lines []string, word string) bool {
	return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, word) })
}

func TestChange(t *testing.T) {
	l := newLab(t)
	inet6 := func(word string) func() bool { return func() bool { return mentions(l.pod.look(t).Inet6, word) } }

	before := l.pod.look(t).Links[1]
	l.pod.change(t, Change{Kind: SetMAC, Link: "eth0"})
	if after := l.pod.look(t).Links[1]; after.MAC == before.MAC || !after.Up {
		t.Errorf("%+v became %+v", before, after)
	}
	l.pod.change(t, Change{Kind: SetMAC, Link: "eth0", MAC: "02:00:00:00:00:07"})
	if after := l.pod.look(t).Links[1]; after.MAC != "02:00:00:00:00:07" {
		t.Errorf("%+v", after)
	}
	l.pod.change(t, Change{Kind: FlushAddresses6, Link: "eth0"})
	if inet6("eth0")() || !inet6("lo")() {
		t.Errorf("%q", l.pod.look(t).Inet6)
	}
	l.pod.change(t, Change{Kind: Flap, Link: "eth0"})
	eventually(t, "a link-local address after a flap", inet6("eth0"))
	l.pod.change(t, Change{Kind: SetSysctl, Sysctl: "net/ipv4/conf/eth0/arp_notify", Value: "1"})
	if got := l.pod.look(t, "net.ipv4.conf.eth0.arp_notify").Sysctls["net.ipv4.conf.eth0.arp_notify"]; got != "1" {
		t.Errorf("%q", got)
	}
	l.pod.change(t, Change{Kind: AddLink, Link: "later"})
	eventually(t, "a link-local address of a new link", inet6("later"))
	if links := l.pod.look(t).Links; len(links) != 4 || !links[2].Up || !links[3].Up {
		t.Errorf("%+v", links)
	}
}

func TestChangeTuned(t *testing.T) {
	l := newLab(t)
	l.pod.tune(t, "1")
	for _, c := range []Change{{Kind: Flap, Link: "eth0"}, {Kind: Flap, Link: "lo"}, {Kind: SetMAC, Link: "eth0"}, {Kind: FlushAddresses6, Link: "eth0"}, {Kind: AddLink, Link: "later"}} {
		l.pod.change(t, c)
	}
	for range 20 {
		if seen := l.pod.look(t); len(seen.Inet6) > 0 {
			t.Fatalf("%q", seen.Inet6)
		}
		time.Sleep(10 * time.Millisecond)
	}
	l.pod.change(t, Change{Kind: EnableIPv6, Link: "eth0"})
	eventually(t, "an address after IPv6 came back", func() bool { return mentions(l.pod.look(t).Inet6, "eth0") })
}

func TestChangeRefused(t *testing.T) {
	s := newSpace(t)
	for _, c := range []Change{{}, {Kind: "no-such-kind", Link: "lo"}, {Kind: Flap, Link: "none"}, {Kind: AddLink, Link: "lo"}, {Kind: SetMAC, Link: "lo", MAC: "x"}, {Kind: EnableIPv6, Link: "none"}, {Kind: EnableIPv6, Link: "../lo"}, {Kind: EnableIPv6}, {Kind: SetSysctl}, {Kind: SetSysctl, Sysctl: "net/ipv4/none", Value: "1"}, {Kind: SetSysctl, Sysctl: "kernel/domainname", Value: "x"}, {Kind: SetSysctl, Sysctl: "net/../kernel/domainname", Value: "x"}} {
		if err := s.try(c.Make); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

func TestChangeTravels(t *testing.T) {
	t.Parallel()
	want := Change{Kind: SetMAC, Link: "eth0", MAC: "02:00:00:00:00:07"}
	text, err := json.Marshal(want)
	var got Change
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil || got != want {
		t.Errorf("%s: %+v, %v", text, got, err)
	}
}
