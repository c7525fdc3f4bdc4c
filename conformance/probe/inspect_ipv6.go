// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// routeTypes that are said; an ordinary route is unicast.
var routeTypes = map[int]string{
	unix.RTN_LOCAL: "local", unix.RTN_ANYCAST: "anycast", unix.RTN_MULTICAST: "multicast", unix.RTN_BLACKHOLE: "blackhole",
	unix.RTN_UNREACHABLE: "unreachable", unix.RTN_PROHIBIT: "prohibit", unix.RTN_THROW: "throw",
}

// states of a neighbour.
var states = map[int]string{
	netlink.NUD_NONE: "NONE", netlink.NUD_INCOMPLETE: "INCOMPLETE", netlink.NUD_REACHABLE: "REACHABLE", netlink.NUD_STALE: "STALE", netlink.NUD_DELAY: "DELAY",
	netlink.NUD_PROBE: "PROBE", netlink.NUD_FAILED: "FAILED", netlink.NUD_NOARP: "NOARP", netlink.NUD_PERMANENT: "PERMANENT",
}

func (i *Inspection) readRoutes6(h *netlink.Handle, names map[int]string) error {
	routes, err := dump("IPv6 routes", func() ([]netlink.Route, error) {
		return h.RouteListFiltered(netlink.FAMILY_V6, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
	})
	for _, r := range routes {
		i.Routes6 = append(i.Routes6, routeText(r, names))
	}
	return err
}

func routeText(r netlink.Route, names map[int]string) string {
	words := []string{routeTypes[r.Type], destinationText(r.Dst), via(r.Gw), dev(names, r.LinkIndex)}
	for _, hop := range r.MultiPath {
		words = append(words, "nexthop", via(hop.Gw), dev(names, hop.LinkIndex))
	}
	switch r.Table {
	case unix.RT_TABLE_MAIN:
	case unix.RT_TABLE_LOCAL:
		words = append(words, "table local")
	default:
		words = append(words, "table "+strconv.Itoa(r.Table))
	}
	if r.Priority != 0 {
		words = append(words, "metric "+strconv.Itoa(r.Priority))
	}
	return sentence(words)
}

// destinationText has no length where the destination is one address.
func destinationText(destination *net.IPNet) string {
	if destination == nil {
		return "default"
	}
	switch ones, bits := destination.Mask.Size(); ones {
	case 0:
		return "default"
	case bits:
		return destination.IP.String()
	}
	return destination.String()
}

func via(gateway net.IP) string {
	if len(gateway) == 0 {
		return ""
	}
	return "via " + gateway.String()
}

func dev(names map[int]string, index int) string {
	if index == 0 {
		return ""
	}
	return "dev " + nameOf(names, index)
}

func (i *Inspection) readNeighbors6(h *netlink.Handle, names map[int]string) error {
	neighbors, err := dump("IPv6 neighbours", func() ([]netlink.Neigh, error) { return h.NeighList(0, netlink.FAMILY_V6) })
	for _, n := range neighbors {
		words := []string{n.IP.String(), dev(names, n.LinkIndex), "", states[n.State]}
		if len(n.HardwareAddr) > 0 {
			words[2] = "lladdr " + n.HardwareAddr.String()
		}
		if words[3] == "" {
			words[3] = fmt.Sprintf("state 0x%x", n.State)
		}
		i.Neighbors6 = append(i.Neighbors6, sentence(words))
	}
	return err
}

// sentence leaves out words that there are not.
func sentence(words []string) string {
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}
