// SPDX-License-Identifier: Apache-2.0

package predict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// AllStart tells whether pods start, with or without host ports, as far as portmap and tuning are concerned.
func (w World) AllStart() Claim {
	return w.claim(func(q *question) Claim {
		why := q.failsAll()
		return Claim{Holds: truth(why == ""), Why: why}
	})
}

// failsAll is what fails every pod, "" if nothing does.
func (q *question) failsAll() string {
	if q.started {
		return ""
	}
	if q.tooOld() {
		return "the plugins are older than the version of the list"
	}
	for _, t := range q.Tuning {
		if why := q.failsTuning(t); why != "" {
			return why
		}
	}
	return q.refusesPortmap()
}

// tooOld plugins do not know the version of CNI that Terway writes.
func (q *question) tooOld() bool {
	old := func(kind, release string) bool { return release != "" && !cni.SpeaksList(kind, release) }
	return q.Portmap.Entries > 0 && old(cni.Portmap, q.PortmapRelease) || len(q.Tuning) > 0 && old(cni.Tuning, q.TuningRelease)
}

// failsTuning is why tuning fails on an entry.
func (q *question) failsTuning(t Tuning) string {
	if why := mistyped(t.entry, q.tuning); why != "" {
		return why
	}
	for _, s := range t.Sysctls {
		if bad := cni.CheckSysctl(s.Key, s.Value); bad != nil {
			return bad.Message + ": tuning fails every pod on it"
		}
	}
	for _, s := range t.Sysctls {
		if strings.HasPrefix(s.Path, "/proc/sys/net/ipv6/") && !q.nodeIPv6() {
			return "the node is booted without IPv6, so there is no " + s.Key + ", and tuning fails every pod on it"
		}
		if !q.allowed(s.Key) {
			return "the node's allow-list has no line for " + s.Key + ", and tuning fails every pod on it"
		}
	}
	return ""
}

// mistyped is the value of an entry with which the plugin refuses its configuration. Keys that a release does not
// know may hold anything.
func mistyped(entry *conflist.Node, release func() string) string {
	if entry == nil {
		return ""
	}
	known := cni.NewestRead
	if cni.DependsOnRelease(entry) {
		known = release()
	}
	for _, bad := range cni.CheckKeys(entry, known) {
		if bad.Fails() {
			return bad.Message
		}
	}
	return ""
}

func (q *question) allowed(key string) bool {
	if q.know(ofAllowlist); q.Allowlist == nil || !q.Allowlist.Present || cni.Allowed(key, q.Allowlist.Lines) {
		return true
	}
	return cni.Lacks(q.tuning(), cni.TuningAllowlist)
}

// refusesPortmap is why portmap refuses its configuration (parseConfig, ensureBackend), "" if it does not.
func (q *question) refusesPortmap() string {
	p := q.Portmap
	if why := mistyped(p.entry, q.portmap); why != "" {
		return why
	}
	switch {
	case p.MarkChain != nil && p.MarkBit != nil:
		return "markMasqBit stands beside externalSetMarkChain, and portmap refuses that"
	case p.MarkBit != nil && (*p.MarkBit < 0 || *p.MarkBit > 31):
		return fmt.Sprintf("markMasqBit is %d, and portmap takes 0 to 31", *p.MarkBit)
	case p.Backend != "" || p.ConditionsV4 != nil || p.ConditionsV6 != nil:
		return q.refusesBackend()
	}
	return ""
}

// refusesBackend: from v1.6.0 on options must belong to the backend.
func (q *question) refusesBackend() string {
	p, release := q.Portmap, q.portmap()
	if cni.Lacks(release, cni.Backend) {
		return ""
	}
	if p.Backend != "" && p.Backend != cni.Iptables && p.Backend != cni.Nftables {
		return "portmap knows no backend " + p.Backend
	}
	firewall := p.Firewall(release)
	if p.MarkChain != nil && firewall == cni.Nftables {
		return "externalSetMarkChain exists for iptables only, and portmap refuses it with the backend nftables"
	}
	for _, list := range []*conflist.Node{p.ConditionsV4, p.ConditionsV6} {
		if written := ConditionsFor(list, release); written != "" && written != firewall {
			return "conditions are written for " + written + ", but portmap uses " + firewall + " and refuses them"
		}
	}
	return ""
}

// failsHostPorts is what fails every pod that portmap is told a host port of, "" if nothing does.
func (q *question) failsHostPorts() string {
	p := q.Portmap
	if p.Entries == 0 || q.started {
		return ""
	}
	firewall := q.firewall()
	if firewall == cni.Nftables && cni.Lacks(q.portmap(), cni.NftablesWorks) {
		return "the nftables backend of portmap v1.6.0 does not work"
	}
	for _, family := range []int{4, 6} {
		list := p.conditions(family)
		if list == nil || family == 6 && !q.dual() {
			continue
		}
		if why := cni.BrokenCondition(list, firewall, family == 6); why != "" {
			return why + ": " + firewall + " refuses the conditions"
		}
	}
	if state, why := q.markChain(); state == MarkAbsent {
		return why
	}
	return ""
}

// firewall that portmap programmes here.
func (q *question) firewall() string {
	if q.Portmap.Backend != cni.Nftables {
		return cni.Iptables
	}
	return q.Portmap.Firewall(q.portmap())
}

// MarkState is what becomes of packets that portmap wants to be masqueraded.
type MarkState string

// The states; "" is that nobody knows.
const (
	// MarkOwn: portmap's own chain marks and masquerades, or portmap needs none.
	MarkOwn MarkState = "own"
	// MarkForeign: the chain of externalSetMarkChain marks, and what it marks is masqueraded.
	MarkForeign MarkState = "foreign"
	// MarkLost: it is there, and nobody masquerades.
	MarkLost MarkState = "lost"
	// MarkEnds: the target ends the walk before the packet is mapped (run: ACCEPT, RETURN).
	MarkEnds MarkState = "ends"
	// MarkAbsent: nobody makes the chain, and pods with host ports do not start.
	MarkAbsent MarkState = "absent"
)

// Targets of iptables that a rule of the nat table takes without options (run, iptables v1.8.9).
var (
	endingTargets  = []string{"ACCEPT", "RETURN"}
	passingTargets = []string{"LOG", "NFLOG", "TRACE"}
)

// strangeTargets are other chains of the nat table that kube-proxy makes in the modes iptables and ipvs, and
// targets that send packets elsewhere. What becomes of packets there is not modelled. KUBE-MARK-DROP is not among
// them: nobody makes it since Kubernetes 1.28.
var strangeTargets = []string{"KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-NODE-PORT", "KUBE-FIREWALL", "KUBE-LOAD-BALANCER", "REDIRECT", "NFQUEUE"}

// MarkChain tells what becomes of packets that portmap wants to be masqueraded, why, and without which facts
// nobody can tell.
func (w World) MarkChain() (state MarkState, why string, needs []string) {
	a := settle(question{World: w}, func(q *question) marked {
		state, why := q.markChain()
		return marked{state, Claim{Holds: truth(state != ""), Why: why}}
	})
	return a.state, a.Why, a.Needs
}

// marked is a [MarkState] that may be unknown.
type marked struct {
	state MarkState
	Claim
}

func (m marked) merge(other marked, fact string) marked {
	if m.state == other.state {
		return marked{m.state, m.Claim.merge(other.Claim, fact)}
	}
	facts := needs(m.Needs, other.Needs, []string{fact})
	return marked{Claim: Claim{Why: dependsOn(facts), Needs: facts}}
}

func (q *question) markChain() (MarkState, string) {
	chain := q.Portmap.MarkChain
	switch {
	case chain == nil || !q.Portmap.SNAT || q.firewall() == cni.Nftables:
		return MarkOwn, ""
	case slices.Contains(endingTargets, *chain):
		return MarkEnds, *chain + " is no chain that marks packets: those that portmap wants to be masqueraded are not even mapped"
	case slices.Contains(passingTargets, *chain):
		return MarkLost, *chain + " is no chain that marks packets, so nobody masquerades"
	case q.ChainMade == Unknown && slices.Contains(strangeTargets, *chain):
		return "", "what becomes of packets in " + *chain + " is not known"
	case !q.chainMade(*chain):
		return MarkAbsent, "nobody makes the chain " + *chain
	case !q.masqueraded(*chain):
		return MarkLost, "the chain " + *chain + " is there, but nobody masquerades what it marks"
	}
	return MarkForeign, ""
}

// chainMade: of all chains, kube-proxy makes KUBE-MARK-MASQ in two modes, and kubelet did before v1.27.
func (q *question) chainMade(name string) bool {
	if q.ChainMade != Unknown {
		return q.ChainMade == Yes
	}
	if name != cni.KubeMarkMasq {
		return false
	}
	switch q.proxy() {
	case terway.KubeProxyIptables, terway.KubeProxyIPVS:
		return true
	case terway.KubeProxyNftables: // younger than kubelet's chain
		return false
	}
	return terway.Older(q.kubernetes(), keptMarkChain)
}

func (q *question) masqueraded(name string) bool {
	if q.Masqueraded != Unknown {
		return q.Masqueraded == Yes
	}
	return q.chainMade(name)
}
