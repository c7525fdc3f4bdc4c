// SPDX-License-Identifier: Apache-2.0

package predict

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// MasqAll tells whether masqAll makes every client of a host port appear as the node.
func (w World) MasqAll() Claim {
	return w.claim(func(q *question) Claim {
		switch {
		case !q.Portmap.MasqAll:
			return Claim{Holds: No, Why: "masqAll is not set"}
		case q.Portmap.SNAT && q.firewall() == cni.Iptables && cni.Lacks(q.portmap(), cni.MasqAll):
			return Claim{Holds: No, Why: "portmap knows masqAll from " + cni.Since(cni.MasqAll) + " on"}
		}
		q.client = Client{Vantage: External, InPrefix: No}
		switch a, astray := q.astray(); {
		case astray && a.Outcome == Refused:
			return Claim{Holds: No, Why: a.Why}
		case astray:
			return Claim{Why: a.Why}
		}
		on, why := q.masquerades()
		return Claim{Holds: on, Why: why}
	})
}

// Transit tells whether the node takes traffic that is addressed to another host for that of a host port with the
// same number, bound to no address (CVE-2025-67499). fromPod: the traffic of pods; else what others route through
// the node.
func (w World) Transit(fromPod bool) Claim {
	return w.claim(func(q *question) Claim {
		p := q.Portmap
		hijacks := p.Entries > 0 && q.firewall() == cni.Nftables && cni.Has(q.portmap(), cni.NftablesWorks) && cni.Lacks(q.portmap(), cni.NftablesSafe)
		switch {
		case !hijacks || !p.Static && !q.told() || fromPod && q.bypasses():
			return Claim{Holds: No, Why: "no rule catches it"}
		case p.conditions(4) != nil || p.conditions(6) != nil:
			return Claim{Why: "what the conditions match is caught"}
		}
		return Claim{Holds: Yes, Why: "the nftables backend before " + cni.Since(cni.NftablesSafe) + " does not look at whom traffic is addressed to (CVE-2025-67499)"}
	})
}

// Cilium tells whether cilium serves host ports in kube-proxy's place, so that portmap's rules come second or not
// at all.
func (w World) Cilium() Claim {
	return w.claim(func(q *question) Claim {
		if q.cilium() {
			return Claim{Holds: Yes, Why: servedByCilium}
		}
		return Claim{Holds: No}
	})
}

// SymmetricRouting tells whether replies to public clients leave by the interface at which the requests came.
func (w World) SymmetricRouting() Claim {
	return w.claim(func(q *question) Claim {
		on, why := q.symmetric()
		if a, diverted := q.diverted(); on && diverted {
			return Claim{Why: a.Why}
		}
		return Claim{Holds: truth(on), Why: why}
	})
}

// MarkOwner names who else writes the bit of the packet mark that portmap takes, "" if nobody does or portmap
// takes its own.
func (w World) MarkOwner() string {
	bit := w.Portmap.MarkBit
	if bit == nil || *bit < 0 || *bit > 31 {
		return ""
	}
	mark := 1 << *bit
	if w.Symmetric.Asked && !w.Symmetric.Undecodable && w.Symmetric.Config.Marks()&mark != 0 {
		return "Terway's symmetric routing"
	}
	return terway.MarkOwner(mark)
}

// Clash is a pair of sysctls of one entry whose order decides. tuning writes them in random order.
type Clash struct {
	Earlier, Later Sysctl
	// Why says how they disagree.
	Why string
}

// Clashes of an entry's sysctls, by the later one of each pair.
func Clashes(all []Sysctl) []Clash {
	var found []Clash
	for i, s := range all {
		for _, earlier := range all[:i] {
			if why := cni.OrderMatters(earlier.Path, earlier.Value, s.Path, s.Value); why != "" {
				found = append(found, Clash{earlier, s, why})
			}
		}
	}
	return found
}
