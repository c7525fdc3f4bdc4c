// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
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
	// shared are the pools on which a chain has an effect.
	shared []terway.Pool
	ps     Problems
	plan   plan
}

// decide finds out what the wish takes, and everything that forbids it. Facts that only decide whether
// the result would work do not stop it while they are unknown; facts that decide what is written do.
func decide(w wish, facts Facts, config Config, b *base) (plan, Problems) {
	d := &decider{wish: w, facts: facts, config: config, base: b, pools: facts.Pools()}
	d.shared = slices.DeleteFunc(slices.Clone(d.pools), dropsChain)
	d.plan = plan{wish: w, because: map[string]string{}}
	d.checkCluster()
	if d.ps.Worst() > Warning {
		return d.plan, d.ps
	}
	if w.exposure != nil {
		d.hostPorts()
	}
	d.tuning()
	d.rawKeys()
	d.checkInstalled()
	return d.plan, d.ps
}

// report adds a problem, saying which pool it holds for. What holds for the cluster's nodes is not said
// again for its pools.
func (d *decider) report(p Problem, pool terway.Pool) {
	if slices.ContainsFunc(d.ps, func(q Problem) bool { return q.Code == p.Code && q.Message == p.Message && q.Pointer == p.Pointer }) {
		return
	}
	p = p.inPool(pool.Name)
	d.pointIntoPool(&p)
	d.ps = append(d.ps, p)
}

// pointIntoPool: a fact that the pool says itself is the one to change.
func (d *decider) pointIntoPool(p *Problem) {
	fact, ok := strings.CutPrefix(p.Pointer, d.facts.Root+"/")
	if d.facts.Object == nil || p.Ref != d.facts.Object.Ref() || !ok {
		return
	}
	for i, pool := range d.facts.NodePools {
		pointer := fmt.Sprintf("%s/nodePools/%d/%s", d.facts.Root, i, fact)
		if pool.Name == p.Pool && manifest.Find(d.facts.Object.Node, pointer) != nil {
			p.Pointer, p.Position = pointer, d.facts.Object.At(pointer, false)
		}
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

// dropsChain: exclusive-ENI nodes replace the whole list, up to v1.17.5.
func dropsChain(p terway.Pool) bool {
	return p.Exclusive() && !p.Has(terway.CNIChain)
}

// checkCluster refuses clusters on which no chain can work.
func (d *decider) checkCluster() {
	if len(d.shared) == 0 {
		d.report(d.fact(Refused, "exclusive-eni", "terway.eniMode", "terway.eniMode is Exclusive: Terway drops the chain on every node. Chains need a shared-ENI cluster, or a Terway with cni_chain"), d.pools[0])
		return
	}
	for _, p := range d.pools {
		if dropsChain(p) {
			name := cmp.Or(p.Name, "the nodes outside the named pools")
			d.report(d.fact(Warning, "exclusive-eni", "terway.eniMode", "%s: eniMode is Exclusive, so Terway drops the chain there; intents have no effect", name), terway.Pool{})
		}
	}
	for _, p := range d.shared {
		d.checkBuild(p)
	}
}

func (d *decider) checkBuild(p terway.Pool) {
	hasChain := p.Has(terway.CNIChain)
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

// tuning: what forbids the sysctls.
func (d *decider) tuning() {
	for _, p := range d.shared {
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

// rawKeys holds raw entries to the keys that the plugins read, release by release.
func (d *decider) rawKeys() {
	for _, raw := range d.raw {
		for _, p := range d.shared {
			for _, found := range cni.CheckKeys(raw.value, p.PluginVersion(raw.kind)) {
				class := Warning
				if found.Fails() {
					class = Refused
				}
				d.report(raw.intent.problem(class, "raw-key", raw.pointer+found.Pointer, "%s", found.Message), p)
			}
		}
	}
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
	for _, p := range d.shared {
		for _, kind := range order {
			if p.PluginMissing(kind) {
				d.report(needed[kind](Refused, "plugin-missing", "cniPlugins.installed does not list %s, so every pod would fail: install the plugin on the nodes first", kind), p)
			}
		}
	}
}
