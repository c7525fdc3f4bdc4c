// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"slices"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/terway"
)

// watched is what became of a watch.
type watched struct {
	seen []probe.Sighting
	err  error
}

// watch begins what the pod's spec asks for.
func (p *pod) watch() {
	p.watching = make(chan watched, 1)
	if p.spec.Watch == 0 {
		p.watching <- watched{}
		return
	}
	go func() {
		seen, err := p.Watch(context.Background(), p.spec.Watch)
		p.watching <- watched{seen, err}
	}()
}

// Watched implements conformance.Pod.
func (p *pod) Watched(ctx context.Context) ([]probe.Sighting, error) {
	select {
	case w := <-p.watching:
		p.watching <- w
		return w.seen, w.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Watch implements conformance.Place.
func (s *space) Watch(ctx context.Context, d time.Duration) (seen []probe.Sighting, err error) {
	err = s.do(func() error {
		var err error
		seen, err = probe.WatchIPv6(ctx, d)
		return err
	})
	return seen, err
}

// See implements conformance.Place.
func (s *space) See(ctx context.Context) (seen probe.Application, err error) {
	err = s.do(func() error {
		seen = probe.SeeAsApplication(ctx)
		return nil
	})
	return seen, err
}

// Capture implements conformance.Sniffer.
func (s *space) Capture(ctx context.Context, d time.Duration) (collect func() ([]probe.Packet6, error), err error) {
	var c *probe.Capture6
	err = s.do(func() error {
		var err error
		c, err = probe.CaptureIPv6("")
		return err
	})
	if err != nil {
		return nil, err
	}
	end := time.Now().Add(d)
	return func() ([]probe.Packet6, error) {
		defer c.Close() //nolint:errcheck // nothing is left to be said on it
		return c.Collect(ctx, time.Until(end))
	}, nil
}

// prepare makes a pod's namespace what the node's kernel makes it.
func (p *pod) prepare() error {
	// Namespaces begin with what the machine's own has of IPv4, such as a container engine's forwarding.
	if err := p.sysctls("ipv4/ip_forward", "0", "ipv4/icmp_ratelimit", "0", "ipv6/icmp/ratelimit", "0"); err != nil {
		return err
	}
	if p.lab.setup.Sabotage.NodeWithoutIPv6 {
		if err := p.sysctls("ipv6/conf/all/disable_ipv6", "1"); err != nil {
			return err
		}
	}
	return p.node.hideIPv6(p.space)
}

// sabotage breaks a pod that has its network, on purpose.
func (p *pod) sabotage(ctx context.Context) error {
	s := p.lab.setup.Sabotage
	if s.AddressComesBack {
		time.AfterFunc(2*time.Second, func() { _ = p.Change(ctx, probe.Change{Kind: probe.EnableIPv6, Link: podLink}) })
	}
	if s.FlushesIPv6 {
		for _, link := range []string{"lo", podLink} {
			if err := p.Change(ctx, probe.Change{Kind: probe.FlushAddresses6, Link: link}); err != nil {
				return err
			}
		}
	}
	if s.TunesNode {
		return p.node.sysctls("ipv6/conf/all/disable_ipv6", "1")
	}
	return nil
}

// withoutIPv6 says why pods have no IPv6 address, whatever their chain does, "" where a pod without any has one.
func (l *Lab) withoutIPv6() string {
	switch {
	case !kernelHasIPv6():
		return "the kernel of this machine has no IPv6"
	case l.setup.Facts.Node.IPv6 == terway.IPv6Disabled:
		return "the nodes' kernels run without IPv6 (node.ipv6: Disabled), so its absence proves nothing about the chain"
	}
	has, err := l.bareHasIPv6()
	switch {
	case err != nil:
		return "nobody knows whether a pod without any chain has IPv6 here: " + err.Error()
	case !has:
		return "a pod without any chain has no link-local address here, so its absence proves nothing about the chain"
	}
	return ""
}

// bareHasIPv6 tells whether an interface gets a link-local address where no chain is run.
func (l *Lab) bareHasIPv6() (bool, error) {
	s, err := newSpace(nil)
	if err != nil {
		return false, err
	}
	defer s.close()
	bare := pod{space: s, lab: l, node: l.nodes[0]}
	if err := bare.prepare(); err != nil {
		return false, err
	}
	if err := bare.Change(context.Background(), probe.Change{Kind: probe.AddLink, Link: podLink}); err != nil {
		return false, err
	}
	linkLocal := func(a probe.Address) bool { return a.Prefix.Addr().IsLinkLocalUnicast() && a.Prefix.Addr().Is6() }
	for end := time.Now().Add(probeLimit); time.Now().Before(end); time.Sleep(5 * time.Millisecond) { // until the carrier is seen
		seen, err := bare.Look(context.Background())
		if err != nil || slices.ContainsFunc(seen.Addresses, linkLocal) {
			return true, err
		}
	}
	return false, nil
}
