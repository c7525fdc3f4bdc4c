// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/terway"
)

var symmetricRoutingUnsupported = Rule{
	ID:      "symmetric-routing-unsupported",
	Title:   "this Terway has no symmetric routing",
	Impact:  Silent,
	Lost:    true,
	Defeats: []string{PublicHostPorts},
	Proof:   "by reading the releases",
	Sources: []string{"AliyunContainerService/terway commits 1bae4b9a (PR #855), e2be8ac7 (v1.15.0), f74b12d8 (v1.17.1)", "vendor page: \"Requires Terway v1.15.0 or later\""},
	Check: func(p *Pass) {
		for _, e := range p.Plugins(terway.PluginType) {
			w := p.world()
			if w.Symmetric = predict.ReadSymmetric(e.Node); w.Symmetric.Asked && p.lost(w.SymmetricRouting()) {
				p.Report(e.AtField(terway.SymmetricKey), "Terway %s has no symmetric routing and ignores this: public clients get no answer. It takes %s", p.pool.Terway.Version, terway.Since(terway.SymmetricRouting))
			}
			config := e.Get(terway.SymmetricConfigKey)
			if backend := config.Get("backend"); backend.String() == cni.Nftables && p.Lacks(terway.SymmetricBackend) {
				p.Report(e.At("/"+terway.SymmetricConfigKey+"/backend", backend), "Terway %s ignores this backend and uses iptables: it takes %s", p.pool.Terway.Version, terway.Since(terway.SymmetricBackend))
			}
		}
	},
}

// lost tells whether a claim is known not to hold; the facts that would tell are needed.
func (p *Pass) lost(c predict.Claim) bool {
	p.Needs(c.Needs...)
	return c.Holds == predict.No
}
