// SPDX-License-Identifier: Apache-2.0

package conformance

import "github.com/chainlint/chainlint/pkg/terway"

// Keys of the vendor's example, and that of the pod's own interface.
const (
	allIPv6     = "net.ipv6.conf.all.disable_ipv6"
	defaultIPv6 = "net.ipv6.conf.default.disable_ipv6"
	loIPv6      = "net.ipv6.conf.lo.disable_ipv6"
	ownIPv6     = "net.ipv6.conf.IFNAME.disable_ipv6"
)

// tuned is the lab's chain with other sysctls.
func tuned(keys ...string) func(*Setup) { return chain(PlainPortmap, tuning(keys...)) }

// tunedNode writes the sysctls of pods on the node.
func tunedNode(s *Setup) { s.Sabotage.TunesNode = true }

// linkLocalMutants break what keeps IPv6 from pods.
var linkLocalMutants = []Mutant{
	{
		ID: "NC-11", Name: "no tuning", Break: chain(PlainPortmap), Cluster: true,
		Kills: append(append(fails("has-ipv6", "LL-001", "LL-002", "LL-003", "LL-006", "LL-007", "LL-008", "LL-009", "LL-018", "SYS-002"), fails("sysctl", "LL-004")...), append(fails("has-routes", "LL-005"), fails("bind-loopback", "LL-020")...)...),
	},
	{ID: "NC-12", Name: "only the key of default", Break: tuned(defaultIPv6), Kills: fails("has-ipv6", "LL-001", "LL-002", "LL-003", "LL-006")},
	{ID: "NC-13", Name: "only the key of eth0", Break: tuned(ownIPv6), Kills: fails("has-ipv6", "LL-003", "LL-007", "LL-008")},
	{ID: "NC-14", Name: "an address comes back after two seconds", Break: func(s *Setup) { s.Sabotage.AddressComesBack = true }, Kills: fails("came-back", "LL-001")},
	{ID: "NC-15", Name: "the sysctls are written on the node", Break: tunedNode, Kills: fails("node-changed", "LL-012")},
	{ID: "NC-21", Name: "pods have no IPv6 whatever the chain says", Break: func(s *Setup) { chain(PlainPortmap)(s); s.Sabotage.NodeWithoutIPv6 = true }, Kills: inconclusive("missing-ipv6", "LL-001", "LL-002", "LL-005", "LL-018")},
	{ID: "NC-45", Name: "sysctls that undo each other, in random order", Break: chain(PlainPortmap, `{"type":"tuning","sysctl":{"`+allIPv6+`":"1","`+ownIPv6+`":"0"}}`), Kills: fails("has-ipv6", "SYS-002")},
	{ID: "NC-46", Name: "the sysctls are written on the node, seen when the pod is gone", Break: tunedNode, Kills: fails("node-changed", "LL-031")},
	{ID: "NC-47", Name: "addresses are removed, and IPv6 stays on", Break: func(s *Setup) { chain(PlainPortmap)(s); s.Sabotage.FlushesIPv6 = true }, Kills: append(fails("has-ipv6", "LL-006", "LL-007", "LL-008"), fails("sysctl", "LL-004")...)},
	{ID: "NC-48", Name: "the sysctls on dual stack", Break: func(s *Setup) { s.Facts.IPStack = terway.IPStackDual }, Kills: fails("address-gone", "LL-026")},
	{ID: "NC-49", Name: "the key of lo is forgotten", Break: tuned(defaultIPv6, ownIPv6), Kills: append(fails("has-ipv6", "LL-002", "LL-003", "LL-018"), fails("bind-loopback", "LL-020")...)},
	{ID: "NC-50", Name: "the key of default is forgotten", Break: tuned(loIPv6, ownIPv6), Kills: append(fails("has-ipv6", "LL-008"), fails("sysctl", "LL-004")...)},
	{ID: "NC-51", Name: "servers on :: are for IPv6 only", Break: tuned(allIPv6, defaultIPv6, loIPv6, "net.ipv6.bindv6only"), Kills: fails("not-served", "LL-019")},
	{ID: "NC-52", Name: "a sysctl has another value than the intent says", Break: chain(PlainPortmap, `{"type":"tuning","sysctl":{"`+loIPv6+`":"0"}}`), Kills: fails("wrong-value", "SYS-001")},
	{
		ID: "NC-54", Name: "only the key of all", Break: tuned(allIPv6),
		Equivalent: "the kernel hands on what is written to all to default, lo and eth0, so the page's other two keys change nothing; chainlint lint has the opinion",
	},
}
