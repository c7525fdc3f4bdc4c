// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"

	"github.com/chainlint/chainlint/conformance"
)

// traceRules note packets behind what marks them (mangle, -150) and before what translates their addresses
// (dstnat, -100), and again where they are forwarded.
const traceRules = `table inet trace
delete table inet trace
table inet trace {
  set ports { type inet_service; elements = { %s } }
  set marks { type inet_service . mark . ifname; flags dynamic; size 65535; }
  set asked { type inet_service . ifname . ifname; flags dynamic; size 65535; }
  set answered { type inet_service . ifname . ifname; flags dynamic; size 65535; }
  chain in {
    type filter hook prerouting priority mangle + 1;
    meta l4proto { tcp, udp } ct original proto-dst @ports add @marks { ct original proto-dst . meta mark . iifname }
  }
  chain through {
    type filter hook forward priority mangle + 1;
    meta l4proto { tcp, udp } ct original proto-dst @ports ct direction original add @asked { ct original proto-dst . iifname . oifname }
    meta l4proto { tcp, udp } ct original proto-dst @ports ct direction reply add @answered { ct original proto-dst . iifname . oifname }
  }
}
`

// Trace implements conformance.Tracer.
func (m machine) Trace(ctx context.Context, ports ...uint16) (collect func() (conformance.Trace, error), err error) {
	var numbers []string
	for _, p := range ports {
		numbers = append(numbers, strconv.Itoa(int(p)))
	}
	if err := m.nft(ctx, fmt.Sprintf(traceRules, strings.Join(numbers, ", "))); err != nil {
		return nil, err
	}
	return func() (conformance.Trace, error) {
		var t conformance.Trace
		err := m.traced(ctx, &t)
		if err == nil {
			err = m.nft(ctx, "delete table inet trace")
		}
		return t, err
	}, nil
}

// traced reads the sets.
func (m machine) traced(ctx context.Context, t *conformance.Trace) error {
	err := m.elements(ctx, "marks", func(e []json.RawMessage) error {
		var seen conformance.Marked
		err := decode(e, &seen.Port, &seen.Mark, &seen.In)
		t.Marks = append(t.Marks, seen)
		return err
	})
	for _, set := range []string{"asked", "answered"} {
		if err != nil {
			return err
		}
		err = m.elements(ctx, set, func(e []json.RawMessage) error {
			way := conformance.Way{Reply: set == "answered"}
			err := decode(e, &way.Port, &way.In, &way.Out)
			t.Ways = append(t.Ways, way)
			return err
		})
	}
	return err
}

// elements of a set, which nft lists as {"concat": [...]}.
func (m machine) elements(ctx context.Context, set string, each func([]json.RawMessage) error) error {
	text, err := m.output(ctx, "nft", "-j", "list", "set", "inet", "trace", set)
	if err != nil {
		return err
	}
	var listing struct {
		Nftables []struct {
			Set struct {
				Elem []struct {
					Concat []json.RawMessage `json:"concat"`
				} `json:"elem"`
			} `json:"set"`
		} `json:"nftables"`
	}
	err = json.Unmarshal(text, &listing)
	for _, entry := range listing.Nftables {
		for _, e := range entry.Set.Elem {
			if err == nil {
				err = each(e.Concat)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("read what nft lists: %w", err)
	}
	return nil
}

func decode(fields []json.RawMessage, to ...any) error {
	if len(fields) != len(to) {
		return fmt.Errorf("%d fields where %d belong", len(fields), len(to))
	}
	for i, f := range fields {
		if err := json.Unmarshal(f, to[i]); err != nil {
			return err
		}
	}
	return nil
}

// output of a command in the space.
func (s *space) output(ctx context.Context, name string, args ...string) (out []byte, err error) {
	err = s.do(func() error {
		cmd := exec.CommandContext(ctx, name, args...)
		var complaint bytes.Buffer
		cmd.Stderr = &complaint
		if out, err = cmd.Output(); err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(complaint.String()))
		}
		return nil
	})
	return out, err
}

// Policies implements conformance.Tracer.
func (m machine) Policies(context.Context) ([]conformance.Policy, error) {
	var all []conformance.Policy
	err := m.links(func(l *netlink.Handle) error {
		for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
			rules, err := l.RuleList(family)
			if err != nil {
				return fmt.Errorf("list the rules of routing: %w", err)
			}
			for _, r := range rules {
				all = append(all, policy(r))
			}
		}
		return nil
	})
	return all, err
}

func policy(r netlink.Rule) conformance.Policy {
	p := conformance.Policy{Priority: max(r.Priority, 0), Mark: r.Mark, Table: r.Table, From: prefixOf(r.Src), To: prefixOf(r.Dst)}
	if r.Mask != nil {
		p.Mask = *r.Mask
	}
	return p
}

func prefixOf(n *net.IPNet) netip.Prefix {
	if n == nil {
		return netip.Prefix{}
	}
	address, _ := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(address.Unmap(), bits)
}
