// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strconv"

	"github.com/chainlint/chainlint/pkg/terway"
)

var switchText = Rule{
	ID:      "switch-text",
	Title:   "a switch of eni-config with an odd text",
	Impact:  Traffic,
	Proof:   "the real terway-cli (recorded answers)",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/common.go (getAllConfig)"},
	Check: func(p *Pass) {
		if text, ok := p.chain.Texts[terway.PolicyKey]; ok && text != "true" && text != "false" {
			p.Report(p.Key(terway.PolicyKey), "disable_network_policy is %s, and %s: write \"true\" or \"false\"", short(text), policyMeaning(text))
		}
		if text, ok := p.chain.Texts["in_cluster_loadbalance"]; ok && text != "true" && text != "false" {
			p.ReportAs(Silent, false, p.Key("in_cluster_loadbalance"), "in_cluster_loadbalance is %s, and only \"true\" switches it on: write \"true\" or \"false\"", short(text))
		}
	},
}

func policyMeaning(text string) string {
	if text == "0" || text == "" {
		return "Terway takes it as false, so network policy is on"
	}
	return "every text but false, 0 and nothing means true, so network policy is off"
}

// short is a text of the user's, quoted, as far as a message can hold it.
func short(text string) string {
	if len(text) > 40 {
		return "a text of " + strconv.Itoa(len(text)) + " bytes"
	}
	return strconv.Quote(text)
}
