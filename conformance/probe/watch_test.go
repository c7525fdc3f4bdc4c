// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"net/netip"
	"testing"
	"time"
)

// watch watches a namespace while change is made there.
func (s space) watch(t *testing.T, d time.Duration, change func()) (seen []Sighting) {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		ended <- s.try(func() (err error) {
			seen, err = WatchIPv6(t.Context(), d)
			return err
		})
	}()
	change()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	return seen
}

// TestWatch: what was there, what came and went, and what is not confirmed yet.
func TestWatch(t *testing.T) {
	l := newLab(t)
	l.pod.tune(t, "1")
	if seen := l.pod.watch(t, 100*time.Millisecond, func() {}); len(seen) > 0 {
		t.Errorf("%+v", seen)
	}
	seen := l.pod.watch(t, 2*time.Second, func() {
		time.Sleep(200 * time.Millisecond) // nobody can tell when the watch has begun
		l.pod.change(t, Change{Kind: EnableIPv6, Link: "lo"})
		time.Sleep(200 * time.Millisecond)
		l.pod.tune(t, "1")
	})
	if len(seen) != 1 || seen[0].Link != "lo" || seen[0].Prefix != netip.MustParsePrefix("::1/128") || seen[0].After == 0 {
		t.Errorf("%+v", seen)
	}
	if err := l.pod.try(func() error { return write("ipv6/conf/eth0/accept_dad", "1") }); err != nil {
		t.Fatal(err)
	}
	l.pod.change(t, Change{Kind: EnableIPv6, Link: "eth0"})
	if seen := l.pod.watch(t, 200*time.Millisecond, func() {}); len(seen) != 1 || !seen[0].Prefix.Addr().IsLinkLocalUnicast() {
		t.Errorf("%+v", seen)
	}
	l.pod.tune(t, "1")
	l.pod.change(t, Change{Kind: EnableIPv6, Link: "lo"})
	if seen := l.pod.watch(t, 10*time.Millisecond, func() {}); len(seen) != 1 || seen[0].After != 0 {
		t.Errorf("%+v", seen)
	}
}

func TestWatchEndsEarly(t *testing.T) {
	s := newSpace(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	s.do(t, func() error {
		_, err := WatchIPv6(ctx, time.Minute)
		return err
	})
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}
