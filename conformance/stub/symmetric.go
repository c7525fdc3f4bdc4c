// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"

	"github.com/vishvananda/netlink"

	"github.com/chainlint/chainlint/pkg/terway"
)

// Symmetric does on a node, in the network namespace of the calling thread, what terway-cli does for
// symmetric_routing (cmd/terway-cli/symmetric.go): replies to connections that came in by an interface leave by
// it again. An interface without a default route is an error, which fails Terway's init container.
func Symmetric(ctx context.Context, config terway.SymmetricConfig, dual bool) error {
	config = config.WithDefaults()
	families := []int{netlink.FAMILY_V4}
	if dual {
		families = append(families, netlink.FAMILY_V6)
	}
	for _, family := range families {
		gateway, err := defaultGateway(config.Interface, family)
		if err != nil {
			return err
		}
		if err := markConnections(ctx, config, family); err != nil {
			return err
		}
		if err := routeMarked(config, family, gateway); err != nil {
			return err
		}
	}
	return nil
}

func defaultGateway(name string, family int) (net.IP, error) {
	version := "IPv4"
	if family == netlink.FAMILY_V6 {
		version = "IPv6"
	}
	link, err := netlink.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("symmetric routing: interface %s: %w", name, err)
	}
	routes, err := netlink.RouteList(link, family)
	if err != nil {
		return nil, err
	}
	for _, r := range routes {
		if r.Gw != nil && (r.Dst == nil || r.Dst.IP.IsUnspecified()) {
			return r.Gw, nil
		}
	}
	return nil, fmt.Errorf("symmetric routing: no %s default gateway found on %s", version, name)
}

// markConnections writes the marks of connections. The nftables form overwrites the whole mark of a packet, as
// Terway's does.
func markConnections(ctx context.Context, c terway.SymmetricConfig, family int) error {
	if c.Backend == "nftables" {
		kind, table := "ip", "terway_symmetric"
		if family == netlink.FAMILY_V6 {
			kind, table = "ip6", "terway_symmetric_ipv6"
		}
		return run(ctx, fmt.Sprintf(`add table %[1]s %[2]s
add chain %[1]s %[2]s prerouting { type filter hook prerouting priority mangle; }
add rule %[1]s %[2]s prerouting iifname %[3]q ct mark set ct mark and %[4]d or %[5]d comment %[6]q
add rule %[1]s %[2]s prerouting ct mark and %[7]d != 0 meta mark set ct mark and %[7]d comment %[6]q
`, kind, table, c.Interface, ^uint32(c.Mask), c.Mark, c.Comment, c.Mask), "nft", "-f", "-")
	}
	command := "iptables-restore"
	if family == netlink.FAMILY_V6 {
		command = "ip6tables-restore"
	}
	return run(ctx, fmt.Sprintf(`*mangle
-A PREROUTING -i %[1]s -m comment --comment %[2]q -j CONNMARK --set-xmark %[3]d/%[4]d
-A PREROUTING -m comment --comment %[2]q -j CONNMARK --restore-mark --mask %[4]d
COMMIT
`, c.Interface, c.Comment, c.Mark, c.Mask), command, "--noflush")
}

func run(ctx context.Context, stdin, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

func routeMarked(c terway.SymmetricConfig, family int, gateway net.IP) error {
	link, err := netlink.LinkByName(c.Interface)
	if err != nil {
		return err
	}
	mask := uint32(c.Mask)
	rule := netlink.NewRule()
	rule.Family, rule.Priority, rule.Mark, rule.Mask, rule.Table = family, c.RulePriority, uint32(c.Mark), &mask, c.TableID
	if err := netlink.RuleAdd(rule); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("symmetric routing: rule %d: %w", c.RulePriority, err)
	}
	everywhere := &net.IPNet{IP: make(net.IP, len(gateway)), Mask: net.CIDRMask(0, len(gateway)*8)}
	route := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: everywhere, Gw: gateway, Table: c.TableID, Flags: int(netlink.FLAG_ONLINK)}
	if err := netlink.RouteReplace(route); err != nil {
		return fmt.Errorf("symmetric routing: table %d: %w", c.TableID, err)
	}
	return nil
}
