// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Sighting is an IPv6 address that was seen.
type Sighting struct {
	Address
	// After is when it came, from the beginning of the watch on; 0: it was there already.
	After time.Duration `json:"after,omitempty"`
}

// watch6 hears of addresses that come.
type watch6 struct {
	links   *netlink.Handle
	updates chan netlink.AddrUpdate
	failed  chan error
	begin   time.Time
	seen    []Sighting
}

// WatchIPv6 returns the IPv6 addresses that are in the network namespace of the calling thread, or come to it
// within the time, each once, however short they stay. Ending ctx ends it early, which is no error.
func WatchIPv6(ctx context.Context, d time.Duration) ([]Sighting, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	defer h.Close()
	w := watch6{links: h, updates: make(chan netlink.AddrUpdate, 64), failed: make(chan error, 1), begin: time.Now()}
	options := netlink.AddrSubscribeOptions{ErrorCallback: w.fail}
	if err := netlink.AddrSubscribeWithOptions(w.updates, ctx.Done(), options); err != nil {
		return nil, fmt.Errorf("watch addresses: %w", err)
	}
	return w.collect(ctx)
}

// fail keeps the first error; that of the end is one that nobody reads.
func (w *watch6) fail(err error) {
	select {
	case w.failed <- err:
	default:
	}
}

func (w *watch6) collect(ctx context.Context) ([]Sighting, error) {
	there, err := dump("addresses", func() ([]netlink.Addr, error) { return w.links.AddrList(nil, netlink.FAMILY_V6) })
	for _, a := range there {
		w.see(a.LinkIndex, *a.IPNet, a.Scope, 0)
	}
	for err == nil {
		select {
		case <-ctx.Done():
			return w.seen, nil
		case err = <-w.failed:
		case u := <-w.updates:
			if u.NewAddr && u.LinkAddress.IP.To4() == nil {
				w.see(u.LinkIndex, u.LinkAddress, u.Scope, time.Since(w.begin))
			}
		}
	}
	if ctx.Err() != nil { // the end closes the socket, too
		return w.seen, nil
	}
	return w.seen, fmt.Errorf("watch addresses: %w", err)
}

func (w *watch6) see(index int, network net.IPNet, scope int, after time.Duration) {
	ip, ok := netip.AddrFromSlice(network.IP)
	if !ok {
		return
	}
	name := nameOf(nil, index)
	if link, err := w.links.LinkByIndex(index); err == nil {
		name = link.Attrs().Name
	}
	bits, _ := network.Mask.Size()
	a := Address{Link: name, Prefix: netip.PrefixFrom(ip, bits), Scope: scopeName(scope)}
	if !slices.ContainsFunc(w.seen, func(s Sighting) bool { return s.Address == a }) {
		w.seen = append(w.seen, Sighting{a, after})
	}
}
