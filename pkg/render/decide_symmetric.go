// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// symmetricRouting goes into the first plugin.
func (d *decider) symmetricRouting() {
	if d.config.Target == TargetCNIChain {
		d.ps = append(d.ps, d.exposure.problem(Refused, "cni-chain-public", "exposure Public sets symmetric_routing in the first plugin, for which cni_chain has no place: use target Conflist"))
		return
	}
	backendKept := true
	for _, p := range d.shared {
		if p.Terway.Version == "" {
			d.need(p, "terway.version", "exposure Public needs symmetric_routing, which exists from Terway "+terway.Since(terway.SymmetricRouting)+" on")
			continue
		}
		features, err := terway.FeaturesOf(p.Terway.Version, p.Terway.Features)
		if err != nil {
			continue // reported by checkBuild
		}
		if !features[terway.SymmetricRouting] {
			d.report(d.exposure.problem(Refused, "symmetric-routing-unsupported", "Terway %s ignores symmetric_routing, which exposure Public needs: it exists from %s on", p.Terway.Version, terway.Since(terway.SymmetricRouting)), p)
		}
		backendKept = d.symmetricBackend(p, features) && backendKept
		if p.Exclusive() {
			d.report(d.exposure.problem(Refused, "exclusive-eni", "on exclusive-ENI nodes Terway replaces the first plugin, and symmetric_routing with it: exposure Public cannot work there"), p)
		}
	}
	d.symmetricNumbers(backendKept)
}

// symmetricBackend: releases before v1.17.1 do not read the key and use iptables.
func (d *decider) symmetricBackend(p terway.Pool, has terway.Features) bool {
	backend := d.symmetric["backend"]
	if backend == nil || has[terway.SymmetricBackend] {
		return true
	}
	if backend.value == cni.Nftables {
		d.report(backend.problem(Refused, "symmetric-backend-unsupported", "Terway %s ignores symmetric_routing_config.backend and uses iptables: nftables needs %s or later", p.Terway.Version, terway.Since(terway.SymmetricBackend)), p)
	}
	return false
}

// symmetricNumbers holds what will be written to the invariants: the intents' numbers over those that
// 10-terway.conf has.
func (d *decider) symmetricNumbers(backendKept bool) {
	for _, f := range symmetricFields {
		s := d.symmetric[f.key]
		if s != nil && (f.key != "backend" || backendKept) {
			d.plan.symmetricConfig = append(d.plan.symmetricConfig, member{f.key, s.value, *s})
		}
	}
	var numbers terway.SymmetricConfig
	text := d.plan.symmetricText(d.base.conf.Get(terway.SymmetricConfigKey))
	if text != "" && json.Unmarshal([]byte(text), &numbers) != nil {
		d.ps = append(d.ps, d.base.problem(Refused, "symmetric-numbers", terway.ConfKey, "symmetric_routing_config of 10-terway.conf has a value of the wrong type, with which Terway's init container fails: repair it first"))
		return
	}
	for _, bad := range numbers.Check() {
		place := d.symmetric[bad.Key]
		if place == nil && bad.Key == "mark" {
			place = d.symmetric["mask"] // a mark that was left out against a mask that was not
		}
		if place == nil {
			d.ps = append(d.ps, d.base.problem(Refused, "symmetric-numbers", terway.ConfKey, "symmetric_routing_config of 10-terway.conf: %s", bad.Reason))
			continue
		}
		d.ps = append(d.ps, place.problem(Refused, "symmetric-numbers", "%s", bad.Reason))
	}
}
