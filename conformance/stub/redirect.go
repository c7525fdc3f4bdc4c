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

// Redirect is what becomes of packets that a pod sends: they go to its ENI before the host's netfilter sees them, but for
// those to the node itself.
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

// redirect makes the rules of one pod, which go with its link.
func (r *Redirect) redirect(ctx context.Context, host *netlink.Handle, link, eni string) error {
	if r == nil {
		return nil
	}
	out, err := host.LinkByName(eni)
	if err != nil {
		return fmt.Errorf("find the ENI %s: %w", eni, err)
	}
	cmd := exec.CommandContext(ctx, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(r.table(link, eni, out.Attrs().HardwareAddr.String()))
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("lead what the pod sends to its ENI: %w: %s", err, strings.TrimSpace(string(said)))
	}
	return nil
}

func (r *Redirect) table(link, eni, mac string) string {
	own4, own6 := []string{LocalDNS}, []string{"fe80::/10", "ff00::/8"}
	for _, ip := range r.Own {
		if ip.Is4() {
			own4 = append(own4, ip.String())
		} else {
			own6 = append(own6, ip.String())
		}
	}
	return fmt.Sprintf(`table netdev datapath {
  chain %[1]s {
    type filter hook ingress device %[1]q priority 0;
    ip daddr { %[2]s } accept
    ip6 daddr { %[3]s } accept
    meta protocol { ip, ip6 } ether saddr set %[4]s ether daddr set %[5]s fwd to %[6]q
  }
}
`, link, strings.Join(own4, ", "), strings.Join(own6, ", "), mac, r.Router, eni)
}
