// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"errors"
	"slices"

	"github.com/chainlint/chainlint/pkg/terway"
)

// markRules make kube-proxy's chain for packets that are to be masqueraded (pkg/proxy/iptables/proxier.go, and
// the same in pkg/proxy/ipvs).
const markRules = `*nat
:KUBE-MARK-MASQ - [0:0]
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
COMMIT
`

// masqueradeRules make the part that masquerades them.
const masqueradeRules = `*nat
:KUBE-POSTROUTING - [0:0]
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
COMMIT
`

// nftablesRules are those of kube-proxy's mode nftables that every node has (pkg/proxy/nftables/proxier.go).
const nftablesRules = `table ip kube-proxy {
  chain mark-for-masquerade { meta mark set mark or 0x4000; }
  chain masquerading { mark and 0x4000 == 0 return; meta mark set mark xor 0x4000; masquerade fully-random; }
  chain nat-postrouting { type nat hook postrouting priority srcnat; jump masquerading; }
}
`

// kubeProxy makes on a node what kube-proxy makes in a mode, as far as a chain can meet it. masquerade false: it
// never came to the part that masquerades.
func (n *node) kubeProxy(ctx context.Context, mode string, masquerade bool) error {
	if mode == terway.KubeProxyNftables {
		return n.nft(ctx, nftablesRules)
	}
	if !slices.Contains([]string{terway.KubeProxyIptables, terway.KubeProxyIPVS}, mode) {
		return nil
	}
	rules := markRules
	if masquerade {
		rules += masqueradeRules
	}
	return errors.Join(n.run(ctx, rules, "iptables-restore", "--noflush"), n.run(ctx, rules, "ip6tables-restore", "--noflush"))
}
