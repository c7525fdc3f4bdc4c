// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

func capture(t *testing.T, s space, link string) *Capture6 {
	t.Helper()
	var c *Capture6
	s.do(t, func() (err error) {
		c, err = CaptureIPv6(link)
		return err
	})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func kinds(t *testing.T, c *Capture6, d time.Duration) []string {
	t.Helper()
	packets, err := c.Collect(t.Context(), d)
	if err != nil {
		t.Error(err)
	}
	var all []string
	for _, p := range packets {
		all = append(all, p.Kind)
	}
	return all
}

// TestCapture lets a link come up as a kernel does by itself: it looks for duplicates of its address, joins
// groups and asks for a router.
func TestCapture(t *testing.T) {
	l := newLab(t)
	l.pod.do(t, func() error {
		return errors.Join(write("ipv6/conf/eth0/accept_dad", "1"), write("ipv6/conf/eth0/router_solicitation_delay", "0"))
	})
	on, everywhere := capture(t, l.node, "pod"), capture(t, l.node, "")
	l.pod.change(t, Change{Kind: Flap, Link: "eth0"})
	l.pod.ask(t, UDP, "["+podIP6[:len(podIP6)-1]+"1]:1", within(100*time.Millisecond))
	for name, c := range map[string]*Capture6{"link": on, "all links": everywhere} {
		var seen []string
		eventually(t, name, func() bool {
			seen = append(seen, kinds(t, c, 100*time.Millisecond)...)
			return slices.Contains(seen, DAD) && slices.Contains(seen, MLD) && slices.Contains(seen, RouterSolicitation)
		})
	}
}

func TestCaptureTuned(t *testing.T) {
	l := newLab(t)
	l.pod.tune(t, "1")
	time.Sleep(100 * time.Millisecond)
	c := capture(t, l.node, "pod")
	l.pod.change(t, Change{Kind: Flap, Link: "eth0"})
	l.pod.change(t, Change{Kind: SetMAC, Link: "eth0"})
	if seen := kinds(t, c, 2*time.Second); len(seen) > 0 {
		t.Errorf("%q", seen)
	}
}

func TestCountIPv6(t *testing.T) {
	l := newLab(t)
	l.node.do(t, func() error {
		if _, err := CountIPv6(t.Context(), "none", time.Second); err == nil {
			t.Error("no error for a link that is not there")
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer time.AfterFunc(100*time.Millisecond, cancel).Stop()
		start := time.Now()
		_, err := CountIPv6(ctx, "pod", time.Minute)
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("it took %s", took)
		}
		return err
	})
}

// TestCaptureLeft: what came before the time was over is not lost, and a link that goes ends nothing.
func TestCaptureLeft(t *testing.T) {
	l := newLab(t)
	c := capture(t, l.node, "pod")
	l.pod.ask(t, SCTP, "["+podIP6[:len(podIP6)-1]+"1]:1")
	if seen := kinds(t, c, 0); !slices.Contains(seen, OtherIPv6) {
		t.Errorf("%q", seen)
	}
	l.node.do(t, func() error { return run("ip", "link", "del", "pod") })
	kinds(t, c, 50*time.Millisecond)
}
