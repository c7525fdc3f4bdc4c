// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Sighting is an IPv6 address that was seen.
type Sighting struct {
	Address
	// After is when it was seen first, from the beginning of the watch on; 0: it was there already.
	After time.Duration `json:"after,omitempty"`
}

// glance is how often a watch looks. The kernel tells of an address only when it is confirmed, which software that
// lists interfaces does not wait for.
const glance = 10 * time.Millisecond

// WatchIPv6 returns the IPv6 addresses that are in the network namespace of the calling thread, or come to it
// within the time, each once. It looks every 10 ms. Ending ctx ends it early, which is no error.
func WatchIPv6(ctx context.Context, d time.Duration) ([]Sighting, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	defer h.Close()
	ticks := time.NewTicker(glance)
	defer ticks.Stop()
	var seen []Sighting
	var after time.Duration
	for begin := time.Now(); ; after = time.Since(begin) {
		there, err := dump("addresses", func() ([]netlink.Addr, error) { return h.AddrList(nil, netlink.FAMILY_V6) })
		if err != nil {
			return seen, err
		}
		for _, a := range there {
			seen = sighted(h, seen, a, after)
		}
		select {
		case <-ctx.Done():
			return seen, nil
		case <-ticks.C:
		}
	}
}

func sighted(h *netlink.Handle, seen []Sighting, a netlink.Addr, after time.Duration) []Sighting {
	ip, _ := netip.AddrFromSlice(a.IP)
	bits, _ := a.Mask.Size()
	name := nameOf(nil, a.LinkIndex)
	if link, err := h.LinkByIndex(a.LinkIndex); err == nil {
		name = link.Attrs().Name
	}
	s := Sighting{Address{Link: name, Prefix: netip.PrefixFrom(ip, bits), Scope: scopeName(a.Scope)}, after}
	if slices.ContainsFunc(seen, func(other Sighting) bool { return other.Address == s.Address }) {
		return seen
	}
	return append(seen, s)
}
