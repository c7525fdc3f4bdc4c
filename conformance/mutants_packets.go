// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"

	"github.com/chainlint/chainlint/pkg/terway"
)

const nftMasqAll = `{"type":"portmap","capabilities":{"portMappings":true},"masqAll":true,"backend":"nftables"}`

// symmetric is a chain for the public address with numbers of its own for symmetric routing.
func symmetric(config string) func(*Setup) {
	return func(s *Setup) {
		s.Data = Chain(`{"type":"terway","capabilities":{"bandwidth":true},"symmetric_routing":true,"symmetric_routing_config":{`+config+`}}`, PlainPortmap)
	}
}

// packetMutants break who reaches whom by which address, and what happens to other traffic.
var packetMutants = []Mutant{
	{ID: "NC-06", Name: "masqAll is asked for, and the chain is without", Break: chain(PlainPortmap), Kills: fails("wrong-source", "SRC-005")},
	{ID: "NC-07", Name: "the public address is asked for, and the chain is without symmetric routing", Break: chain(PlainPortmap), Kills: fails("timeout", "HP-023", "SRC-010"), Cluster: true},
	{
		ID: "NC-08", Name: "portmap v1.8.0 with nftables, which does not look at addresses (CVE-2025-67499)",
		Break: func(s *Setup) { chain(NftPortmap)(s); s.Facts.CNIPlugins.Version = "v1.8.0" }, Kills: fails("wrong-answer", "ISO-001", "ISO-002"), Needs: []Feature{Releases},
	},
	{ID: "NC-24", Name: "masqAll with nftables, which portmap ignores up to v1.9.1", Break: chain(nftMasqAll), Kills: fails("wrong-source", "SRC-005"), Needs: []Feature{Releases}},
	{
		ID: "NC-25", Name: "the runtime forgets what addresses host ports are bound to", Break: func(s *Setup) { s.Sabotage.ForgetsHostIPs = true },
		Kills: slices.Concat(fails("answered", "HP-041", "HP-042", "HP-045", "HP-046", "HP-047"), fails("wrong-answer", "HP-043")),
	},
	{
		ID: "NC-26", Name: "symmetric routing with a mark of kube-proxy and Felix", Break: symmetric(`"mark":81920,"mask":81920`),
		Kills: slices.Concat(fails("mark-taken", "VAR-016"), fails("wrong-source", "SRC-010")),
	},
	{ID: "NC-27", Name: "symmetric routing with a mark outside of its mask", Break: symmetric(`"mark":32,"mask":16`), Kills: fails("diverted", "VAR-017")},
	{ID: "NC-28", Name: "symmetric routing before Terway's rule to the pods", Break: symmetric(`"rule_priority":100`), Kills: slices.Concat(fails("rule-order", "VAR-019"), fails("timeout", "HP-023"))},
	{ID: "NC-29", Name: "symmetric routing behind Terway's rule from the pods", Break: symmetric(`"rule_priority":3000`), Kills: slices.Concat(fails("rule-order", "VAR-019"), fails("timeout", "HP-023"))},
	{ID: "NC-30", Name: "symmetric routing in the node's main routing table", Break: symmetric(`"table_id":254`), Kills: fails("shared-table", "VAR-018")},
	{ID: "NC-31", Name: "a rule masquerades what pods with host ports send", Break: func(s *Setup) { s.Sabotage.MasqueradesPods = true }, Kills: fails("wrong-source", "SRC-009")},
	{
		ID: "NC-32", Name: "the page's sysctls on dual stack, which take the address that the result names",
		Break: func(s *Setup) { s.Facts.IPStack = terway.IPStackDual }, Needs: []Feature{DualStack},
		Kills: slices.Concat(fails("address-gone", "V6-007"), fails("timeout", "V6-001", "V6-006")),
	},
	{
		ID: "NC-33", Name: "Datapath V2 without masqAll, where answers pass the node's translation by", Needs: []Feature{Redirect},
		Break: func(s *Setup) { s.Data, s.Facts.Terway.Datapath = Chain(datapathV2, PlainPortmap), terway.DatapathV2 },
		Kills: slices.Concat(fails("wrong-reply-source", "UDP-005"), fails("timeout", "HP-001")),
	},
	{
		ID: "NC-34", Name: "the runtime names no host ports when it detaches pods, so rules lead to pods that are gone", Break: func(s *Setup) { s.Sabotage.ForgetsPorts = true },
		Kills: slices.Concat(fails("black-hole", "UDP-001"), fails("timeout", "UDP-003")),
	},
}
