// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// plan is what the wish takes on this cluster.
type plan struct {
	wish
	// portmap's keys; backend "" leaves the key out.
	backend string
	masqAll *bool
	// symmetricConfig in the order it is written.
	symmetricConfig []member
	// because says which fact stands behind a part of the chain.
	because map[string]string
}

// member of Terway's own entry.
type member struct {
	key   string
	value any
	said[any]
}

// decider asks the facts, pool by pool.
type decider struct {
	wish
	facts  Facts
	config Config
	base   *base
	pools  []terway.Pool
	ps     Problems
	plan   plan
}

// decide finds out what the wish takes, and everything that forbids it. Facts that only decide whether
// the result would work do not stop it while they are unknown; facts that decide what is written do.
func decide(w wish, facts Facts, config Config, b *base) (plan, Problems) {
	d := &decider{wish: w, facts: facts, config: config, base: b, pools: facts.Pools()}
	d.plan = plan{wish: w, because: map[string]string{}}
	d.checkCluster()
	if d.ps.Worst() > Warning {
		return d.plan, d.ps
	}
	if w.exposure != nil {
		d.hostPorts()
	}
	d.tuning()
	d.checkInstalled()
	return d.plan, d.ps
}

// report adds a problem, saying which pool it holds for.
func (d *decider) report(p Problem, pool terway.Pool) {
	p.Pool = pool.Name
	if pool.Name != "" {
		p.Message = "node pool " + pool.Name + ": " + p.Message
	}
	if !slices.ContainsFunc(d.ps, func(q Problem) bool { return q.Code == p.Code && q.Message == p.Message && q.Pointer == p.Pointer }) {
		d.ps = append(d.ps, p)
	}
}

// fact is a problem that points at the fact behind it.
func (d *decider) fact(class Class, code, name, format string, args ...any) Problem {
	if d.facts.Object == nil {
		return Problem{Class: class, Code: code, Message: fmt.Sprintf(format, args...), Offset: -1}
	}
	return at(class, code, d.facts.Object, d.facts.Root+"/"+strings.ReplaceAll(name, ".", "/"), format, args...)
}

// need asks for an unknown fact by name.
func (d *decider) need(pool terway.Pool, name, why string) {
	d.report(d.fact(Invalid, "fact-missing", name, "the fact %s is needed: %s. Say it in the ClusterFacts under spec.%s", name, why, name), pool)
}

// shared are the pools on which a chain has an effect.
func (d *decider) shared() []terway.Pool {
	return slices.DeleteFunc(slices.Clone(d.pools), func(p terway.Pool) bool { return d.dropsChain(p) })
}

// dropsChain: exclusive-ENI nodes replace the whole list, up to v1.17.5.
func (d *decider) dropsChain(p terway.Pool) bool {
	return p.Exclusive() && !slices.Contains(p.Terway.Features, string(terway.CNIChain))
}

// checkCluster refuses clusters on which no chain can work.
func (d *decider) checkCluster() {
	if len(d.shared()) == 0 {
		d.report(d.fact(Refused, "exclusive-eni", "terway.eniMode", "terway.eniMode is Exclusive: Terway drops the chain on every node. Chains need a shared-ENI cluster, or a Terway with cni_chain"), d.pools[0])
		return
	}
	for _, p := range d.pools {
		if d.dropsChain(p) {
			name := cmp.Or(p.Name, "the nodes outside the named pools")
			d.report(d.fact(Warning, "exclusive-eni", "terway.eniMode", "%s: eniMode is Exclusive, so Terway drops the chain there; intents have no effect", name), terway.Pool{})
		}
	}
	for _, p := range d.shared() {
		d.checkBuild(p)
	}
}

func (d *decider) checkBuild(p terway.Pool) {
	hasChain := slices.Contains(p.Terway.Features, string(terway.CNIChain))
	if d.config.Target == TargetCNIChain && !hasChain {
		d.report(d.fact(Refused, "cni-chain-unsupported", "terway.features", "target CNIChain needs a Terway that reads cni_chain, which no release up to v1.17.5 does: use target Conflist, or say terway.features: [cni_chain] if your build has it"), p)
	}
	if d.config.Target != TargetCNIChain && hasChain && d.base.hasChain {
		d.report(d.base.problem(Refused, "cni-chain-wins", terway.CNIChainKey, "the key cni_chain wins over 10-terway.conflist on this Terway, so the rendering would have no effect: remove the key, or use target CNIChain"), p)
	}
	if p.Terway.Version == "" {
		return
	}
	features, err := terway.FeaturesOf(p.Terway.Version, p.Terway.Features)
	if err != nil {
		d.report(d.fact(Invalid, "invalid-field", "terway.version", "terway.version: %v", err), p)
		return
	}
	if !features[terway.ConflistKey] {
		d.report(d.fact(Refused, "terway-too-old", "terway.version", "Terway %s does not read 10-terway.conflist: chains need %s or later", p.Terway.Version, terway.Since(terway.ConflistKey)), p)
	}
}

// hostPorts decides portmap's keys and symmetric routing.
func (d *decider) hostPorts() {
	if !d.ownPortmap {
		d.masquerade()
		d.backendKey()
		d.mark()
	}
	if d.exposure.value == Public {
		d.symmetricRouting()
	}
	for _, p := range d.shared() {
		if p.ContainerRuntime == terway.RuntimeCRIO {
			d.report(d.exposure.problem(Warning, "cri-o", "CRI-O never hands host ports to CNI plugins, so portmap has no effect there"), p)
		}
	}
}

// masquerade: on Datapath V2 a pod's replies leave by the ENI before the host's netfilter can undo the
// DNAT, so connections must come from the node's own address.
func (d *decider) masquerade() {
	var needed []terway.Pool
	for _, p := range d.shared() {
		switch d.datapath(p) {
		case terway.DatapathV2:
			needed = append(needed, p)
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
		d.plan.because["masqAll"] = "terway.datapath: datapathv2"
	}
	for _, p := range needed {
		if d.masqAll != nil && !d.masqAll.value {
			d.report(d.masqAll.problem(Refused, "masqall-needed", "masqAll: false cannot work: on Datapath V2 replies bypass the host's netfilter. Leave masqAll out"), p)
		}
		if p.KubeProxyMode == terway.KubeProxyNone {
			d.report(d.exposure.problem(Warning, "kube-proxy-replaced", "kubeProxyMode is none on Datapath V2: cilium may own host ports there, and portmap would be redundant"), p)
		}
	}
	if d.masqueradesAll() {
		for _, p := range d.shared() {
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

// datapath of a pool: the fact, else what the ConfigMap resolves to, else asked for.
func (d *decider) datapath(p terway.Pool) string {
	possible := p.PossibleDatapaths(d.base.data())
	if stated := p.Terway.Datapath; stated != "" {
		if len(possible) == 1 && possible[0] != stated {
			d.report(d.fact(Warning, "datapath-contradiction", "terway.datapath", "terway.datapath is %s, but 10-terway.conf resolves to %s on new nodes", stated, possible[0]), p)
		}
		return stated
	}
	switch len(possible) {
	case 1:
		return possible[0]
	case 0:
		d.need(p, "terway.datapath", "host ports need masqAll on Datapath V2, and 10-terway.conf does not tell the datapath")
	default:
		d.need(p, "terway.version", "10-terway.conf means "+strings.Join(possible, " or ")+", depending on Terway's version, and host ports need masqAll on Datapath V2 (terway.datapath would do, too)")
	}
	return ""
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
	for _, p := range d.shared() {
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
	for _, p := range d.shared() {
		version := p.PluginVersion(cni.Portmap)
		switch {
		case d.masqueradesAll():
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
	for _, p := range d.shared() {
		switch p.KubeProxyMode {
		case "iptables", "ipvs":
		case "":
			d.need(p, "kubeProxyMode", "markChain "+d.markChain.value+" exists only where kube-proxy makes it")
		default:
			d.report(d.markChain.problem(Refused, "mark-chain-absent", "kubeProxyMode is %s, so nobody makes %s, and every pod with a host port would fail: leave markChain out", p.KubeProxyMode, d.markChain.value), p)
		}
	}
}

// symmetricRouting goes into the first plugin.
func (d *decider) symmetricRouting() {
	if d.config.Target == TargetCNIChain {
		d.ps = append(d.ps, d.exposure.problem(Refused, "cni-chain-public", "exposure Public sets symmetric_routing in the first plugin, for which cni_chain has no place: use target Conflist"))
		return
	}
	backendKept := true
	for _, p := range d.shared() {
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

func (d *decider) symmetricNumbers(backendKept bool) {
	var numbers terway.SymmetricConfig
	for _, f := range symmetricFields {
		s := d.symmetric[f.key]
		if s == nil || f.key == "backend" && !backendKept {
			continue
		}
		d.plan.symmetricConfig = append(d.plan.symmetricConfig, member{f.key, s.value, *s})
		switch f.key {
		case "mark":
			numbers.Mark = s.value.(int)
		case "mask":
			numbers.Mask = s.value.(int)
		case "table_id":
			numbers.TableID = s.value.(int)
		case "rule_priority":
			numbers.RulePriority = s.value.(int)
		}
	}
	for _, bad := range numbers.Check() {
		place := d.symmetric[bad.Key]
		if place == nil {
			place = d.symmetric["mask"] // a mark that was left out against a mask that was not
		}
		d.ps = append(d.ps, place.problem(Refused, "symmetric-numbers", "%s", bad.Reason))
	}
}

// tuning: what forbids the sysctls.
func (d *decider) tuning() {
	for _, p := range d.shared() {
		if d.linkLocal != nil && d.linkLocal.value == Disabled {
			d.linkLocalOff(p)
		}
		for _, s := range d.sysctls {
			if p.Node.IPv6 == terway.IPv6Disabled && strings.HasPrefix(canonicalSysctl(s.name), "net/ipv6/") {
				d.report(s.problem(Refused, "ipv6-absent", "node.ipv6 is Disabled, so there is no %s on these nodes and every pod would fail: leave it out", s.name), p)
			}
			d.allowed(p, s.name, s.said)
		}
	}
}

func (d *decider) linkLocalOff(p terway.Pool) {
	stack := cmp.Or(p.IPStack, d.base.ipStack)
	if p.IPStack != "" && d.base.ipStack != "" && p.IPStack != d.base.ipStack {
		d.report(d.fact(Warning, "ip-stack-contradiction", "ipStack", "ipStack is %s, but eni_conf says %s", p.IPStack, d.base.ipStack), p)
	}
	if stack == terway.IPStackDual || stack == "ipv6" {
		d.report(d.linkLocal.problem(Refused, "link-local-dual-stack", "ipStack is %s: without IPv6 on its interfaces a pod loses the IPv6 address that the cluster gave it. Leave ipv6LinkLocal out on dual-stack clusters", stack), p)
	}
	if p.Node.IPv6 == terway.IPv6Disabled {
		d.report(d.linkLocal.problem(Refused, "ipv6-absent", "node.ipv6 is Disabled, so the sysctls of ipv6LinkLocal do not exist on these nodes and every pod would fail: pods have no IPv6 addresses there anyway, leave it out"), p)
	}
	for _, name := range cni.LinkLocalSysctls {
		d.allowed(p, name, *d.linkLocal)
	}
}

// allowed: tuning matches the key as written against unanchored regular expressions.
func (d *decider) allowed(p terway.Pool, name string, by said[string]) {
	list := p.Node.TuningAllowlist
	if list == nil || !list.Present {
		return
	}
	for _, line := range list.Lines {
		if re, err := regexp.Compile(strings.TrimSpace(line)); err == nil && re.MatchString(name) {
			return
		}
	}
	d.report(by.problem(Refused, "sysctl-not-allowed", "the nodes' tuning allow-list does not allow %s, so every pod would fail: add it to /etc/cni/tuning/allowlist.conf first", name), p)
}

// checkInstalled: a binary that is missing fails every pod.
func (d *decider) checkInstalled() {
	needed := map[string]func(Class, string, string, ...any) Problem{}
	var order []string
	want := func(kind string, problem func(Class, string, string, ...any) Problem) {
		if needed[kind] == nil {
			needed[kind] = problem
			order = append(order, kind)
		}
	}
	if d.exposure != nil {
		want(cni.Portmap, d.exposure.problem)
	}
	if d.linkLocal != nil && d.linkLocal.value == Disabled {
		want(cni.Tuning, d.linkLocal.problem)
	}
	for _, s := range d.sysctls {
		want(cni.Tuning, s.problem)
	}
	for _, r := range d.raw {
		want(r.kind, r.problem)
	}
	for _, p := range d.shared() {
		for _, kind := range order {
			if p.PluginMissing(kind) {
				d.report(needed[kind](Refused, "plugin-missing", "cniPlugins.installed does not list %s, so every pod would fail: install the plugin on the nodes first", kind), p)
			}
		}
	}
}
