// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// hostPorts decides portmap's keys and symmetric routing.
func (d *decider) hostPorts() {
	if d.ownPortmap {
		d.checkOwnPortmap()
	} else {
		d.masquerade()
		d.backendKey()
		d.mark()
	}
	if d.exposure.value == Public {
		d.symmetricRouting()
	}
	for _, p := range d.shared {
		if p.ContainerRuntime == terway.RuntimeCRIO {
			d.report(d.exposure.problem(Warning, "cri-o", "CRI-O never hands host ports to CNI plugins, so portmap has no effect there"), p)
		}
	}
}

// checkOwnPortmap: an entry that the intent writes itself needs what a rendered one would get, and
// leaves no place for fields that would decide its keys.
func (d *decider) checkOwnPortmap() {
	for _, field := range []struct {
		name string
		said interface{ source() (*Intent, string) }
	}{{"backend", d.backend}, {"markChain", d.markChain}, {"masqAll", d.masqAll}} {
		if intent, pointer := field.said.source(); intent != nil {
			d.ps = append(d.ps, intent.problem(Invalid, "own-portmap", pointer, "%s has no effect beside the portmap entry under plugins: write it there", field.name))
		}
	}
	for _, p := range d.shared {
		known, _ := d.knownDatapath(p)
		for _, raw := range d.raw {
			if raw.kind == cni.Portmap && known == terway.DatapathV2 && !raw.value.Get("masqAll").IsTrue() {
				d.report(raw.problem(Refused, "masqall-needed", "on Datapath V2 replies bypass the host's netfilter, so this entry cannot work: add masqAll: true"), p)
			}
		}
	}
}

// masquerade: on Datapath V2 a pod's replies leave by the ENI before the host's netfilter can undo the
// DNAT, so connections must come from the node's own address. A pod with an ENI of its own answers by that,
// too, except to its node (read off Terway's sources, not run).
func (d *decider) masquerade() {
	var needed []terway.Pool
	for _, p := range d.shared {
		if p.Exclusive() {
			needed = append(needed, p)
			d.plan.because["masqAll"] = "terway.eniMode: Exclusive"
			continue
		}
		switch d.datapath(p) {
		case terway.DatapathV2:
			needed = append(needed, p)
			d.plan.because["masqAll"] = "terway.datapath: datapathv2"
		case terway.DatapathIPvlan:
			d.report(d.exposure.problem(Refused, "ipvlan", "terway.datapath is ipvlan: pods bypass the host's netfilter, so portmap cannot work. Use veth or Datapath V2"), p)
		}
	}
	if d.masqAll != nil {
		d.plan.masqAll = &d.masqAll.value
	}
	if len(needed) > 0 {
		yes := true
		d.plan.masqAll = &yes
	}
	for _, p := range needed {
		if d.masqAll != nil && !d.masqAll.value {
			d.report(d.masqAll.problem(Refused, "masqall-needed", "masqAll: false cannot work: replies bypass the host's netfilter on Datapath V2 and from exclusive ENIs. Leave masqAll out"), p)
		}
		if p.KubeProxyMode == terway.KubeProxyNone && !p.Exclusive() {
			d.report(d.exposure.problem(Warning, "kube-proxy-replaced", "kubeProxyMode is none on Datapath V2: cilium may own host ports there, and portmap would be redundant"), p)
		}
	}
	if d.masqueradesAll() {
		for _, p := range d.shared {
			d.checkMasqAllRelease(p)
		}
	}
}

func (d *decider) masqueradesAll() bool { return d.plan.masqAll != nil && *d.plan.masqAll }

func (d *decider) checkMasqAllRelease(p terway.Pool) {
	version := p.PluginVersion(cni.Portmap)
	switch {
	case cni.Lacks(version, cni.MasqAll):
		d.report(d.fact(Refused, "masqall-unsupported", "cniPlugins.version", "portmap %s ignores masqAll, which these host ports need: it exists since %s (Alibaba Cloud asks for %s)", version, cni.Since(cni.MasqAll), cni.Since(cni.MasqAllVendor)), p)
	case cni.Lacks(version, cni.MasqAllVendor):
		d.report(d.fact(Warning, "masqall-below-vendor", "cniPlugins.version", "portmap %s has masqAll, but Alibaba Cloud documents it from %s on", version, cni.Since(cni.MasqAllVendor)), p)
	}
}

// knownDatapath of a pool is the fact, else what the ConfigMap resolves to, "" where that depends;
// possible is what it may resolve to.
func (d *decider) knownDatapath(p terway.Pool) (known string, possible []string) {
	possible = p.PossibleDatapaths(d.base.data())
	if p.Terway.Datapath == "" && len(possible) == 1 {
		return possible[0], possible
	}
	return p.Terway.Datapath, possible
}

// datapath of a pool, asked for where it is not known.
func (d *decider) datapath(p terway.Pool) string {
	known, possible := d.knownDatapath(p)
	switch {
	case known != "" && len(possible) == 1 && possible[0] != known:
		d.report(d.fact(Warning, "datapath-contradiction", "terway.datapath", "terway.datapath is %s, but 10-terway.conf resolves to %s on new nodes", known, possible[0]), p)
	case known != "":
	case len(possible) == 0:
		d.need(p, "terway.datapath", "host ports need masqAll on Datapath V2, and 10-terway.conf does not tell the datapath")
	default:
		d.need(p, "terway.version", "10-terway.conf means "+strings.Join(possible, " or ")+", depending on Terway's version, and host ports need masqAll on Datapath V2 (terway.datapath would do, too)")
	}
	return known
}

// backendKey: the one asked for, if it can work; else nftables where everything speaks for it; else
// iptables, which needs no key and works beside an nftables kube-proxy.
func (d *decider) backendKey() {
	if d.backend != nil {
		d.plan.backend = d.backend.value
		if d.plan.backend == cni.Nftables {
			d.checkNftables()
		}
		return
	}
	if d.markChain != nil || d.masqueradesAll() {
		return
	}
	fits := true
	var unknown []func()
	for _, p := range d.shared {
		version := p.PluginVersion(cni.Portmap)
		switch {
		case p.KubeProxyMode != "" && p.KubeProxyMode != terway.KubeProxyNftables, cni.Lacks(version, cni.NftablesSafe):
			fits = false
		case p.KubeProxyMode == "":
			unknown = append(unknown, func() {
				d.need(p, "kubeProxyMode", "portmap's backend follows it (or say hostPorts.backend in the intent)")
			})
		case version == "":
			unknown = append(unknown, func() {
				d.need(p, "cniPlugins.version", "portmap's backend is nftables beside this kube-proxy from "+cni.Since(cni.NftablesSafe)+" on (or say hostPorts.backend in the intent)")
			})
		}
	}
	if !fits {
		return
	}
	for _, ask := range unknown {
		ask()
	}
	if unknown == nil {
		d.plan.backend = cni.Nftables
		d.plan.because["backend"] = "kubeProxyMode: nftables, cniPlugins.version from " + cni.Since(cni.NftablesSafe) + " on"
	}
}

func (d *decider) checkNftables() {
	for _, p := range d.shared {
		version := p.PluginVersion(cni.Portmap)
		switch {
		case d.masqueradesAll() && !cni.Has(version, cni.NftablesMasqAll):
			d.report(d.backend.problem(Refused, "nftables-masqall", "backend nftables ignores masqAll in every release up to v1.9.1, and these host ports need it: use iptables, which works beside an nftables kube-proxy"), p)
		case cni.Lacks(version, cni.Backend):
			d.report(d.backend.problem(Refused, "nftables-unsupported", "portmap %s knows no backend but iptables: nftables needs %s or later", version, cni.Since(cni.NftablesWorks)), p)
		case cni.Lacks(version, cni.NftablesWorks):
			d.report(d.backend.problem(Refused, "nftables-unsupported", "the nftables backend of portmap %s fails every pod with a host port: it works from %s on", version, cni.Since(cni.NftablesWorks)), p)
		case cni.Lacks(version, cni.NftablesSafe):
			d.report(d.backend.problem(Warning, "nftables-hijack", "the nftables backend of portmap %s also catches traffic to other hosts (CVE-2025-67499): %s repairs it", version, cni.Since(cni.NftablesSafe)), p)
		}
	}
}

// mark: kube-proxy makes KUBE-MARK-MASQ in iptables and ipvs mode only; portmap's nftables backend
// takes no chain.
func (d *decider) mark() {
	if d.markChain == nil {
		return
	}
	if d.plan.backend == cni.Nftables {
		d.ps = append(d.ps, d.markChain.problem(Refused, "mark-chain-backend", "markChain is a chain of iptables: portmap refuses it with backend nftables. Leave one of the two out"))
	}
	for _, p := range d.shared {
		switch p.KubeProxyMode {
		case "iptables", "ipvs":
		case "":
			d.need(p, "kubeProxyMode", "markChain "+d.markChain.value+" exists only where kube-proxy makes it")
		default:
			d.report(d.markChain.problem(Refused, "mark-chain-absent", "kubeProxyMode is %s, so nobody makes %s, and every pod with a host port would fail: leave markChain out", p.KubeProxyMode, d.markChain.value), p)
		}
	}
}
