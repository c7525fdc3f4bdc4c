// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"

	"github.com/vishvananda/netlink"

	"github.com/chainlint/chainlint/pkg/terway"
)

// LocalDNS is the address of the node-local DNS cache, which Terway's host_stack_cidrs leave to the host.
const LocalDNS = "169.254.20.10"

// Redirect is the way of packets past the host's netfilter: those that a pod sends go to its ENI, but for those to the node
// itself, and those that come by the ENI go to the pod. Connections that netfilter saw half of it would take for invalid,
// and kube-proxy drops such packets (pkg/proxy/iptables/proxier.go, KUBE-FORWARD).
type Redirect struct {
	// Own are the addresses at which the node itself is reached.
	Own []netip.Addr `json:"own"`
	// Router is the hardware address of the vSwitch's gateway.
	Router string `json:"router"`
}

// Redirects tells whether a datapath does that: cilium on Datapath V2 (Terway's patch 0001 of it, for routing by the host),
// IPvlan, and ENIs that are a pod's own.
func Redirects(datapath string, exclusive bool) bool {
	return datapath == terway.DatapathV2 || datapath == terway.DatapathIPvlan || exclusive
}

// TryRedirect is the text of a table for nft that only kernels take on which packets can be redirected.
const TryRedirect = `table netdev try {
  chain c {
    type filter hook ingress device "lo" priority 0;
    ip daddr 192.0.2.1 fwd to "lo"
  }
}
`

// redirect makes the rules of one pod.
func (r *Redirect) redirect(ctx context.Context, w wiring) error {
	if r == nil {
		return nil
	}
	eni, err := w.host.LinkByName(w.given.ENI)
	if err != nil {
		return fmt.Errorf("find the ENI %s: %w", w.given.ENI, err)
	}
	cmd := exec.CommandContext(ctx, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(r.table(w, eni))
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("lead packets past netfilter: %w: %s", err, strings.TrimSpace(string(said)))
	}
	return nil
}

// forget removes the rules of one pod, where there are any: newer kernels keep them when its link is gone.
func forget(ctx context.Context, link string) {
	for _, chain := range []string{link, fromENI + link} {
		_ = exec.CommandContext(ctx, "nft", "delete", "chain", "netdev", "datapath", chain).Run() // most pods have none
	}
}

// fromENI begins the names of chains of what comes by an ENI.
const fromENI = "from-eni-"

func (r *Redirect) table(w wiring, eni netlink.Link) string {
	own4, own6 := []string{LocalDNS}, []string{"fe80::/10", "ff00::/8"}
	for _, ip := range r.Own {
		if ip.Is4() {
			own4 = append(own4, ip.String())
		} else {
			own6 = append(own6, ip.String())
		}
	}
	in := ""
	for _, a := range w.given.Addresses {
		family := "ip"
		if a.Prefix.Addr().Is6() {
			family = "ip6"
		}
		in += fmt.Sprintf("    %s daddr %s ether daddr set %s fwd to %q\n", family, a.Prefix.Addr(), w.inner.Attrs().HardwareAddr, w.outer.Attrs().Name)
	}
	return fmt.Sprintf(`table netdev datapath {
  chain %[1]s {
    type filter hook ingress device %[1]q priority 0;
    ip daddr { %[2]s } accept
    ip6 daddr { %[3]s } accept
    meta protocol { ip, ip6 } ether saddr set %[4]s ether daddr set %[5]s fwd to %[6]q
  }
  chain %[7]s%[1]s {
    type filter hook ingress device %[6]q priority 0;
%[8]s  }
}
`, w.outer.Attrs().Name, strings.Join(own4, ", "), strings.Join(own6, ", "), eni.Attrs().HardwareAddr, r.Router, w.given.ENI, fromENI, in)
}
