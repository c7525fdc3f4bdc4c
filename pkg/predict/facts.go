// SPDX-License-Identifier: Apache-2.0

package predict

import (
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/terway"
)

// question is what somebody asks of a world. Code that answers one reads facts through [question.know], which
// notes the first that nobody knows; the answer is then thrown away and found for each of its values.
type question struct {
	World
	client  Client
	port    Port
	missing *fact
}

// fact is something that may be unknown. values has one function for each value between which answers may differ.
type fact struct {
	name   string
	known  func(*question) bool
	values []func(*question)
}

// text is a fact that is a string, "" where it is unknown.
func text[T ~string](name string, at func(*question) *T, values ...T) *fact {
	f := &fact{name: name, known: func(q *question) bool { return *at(q) != "" }}
	for _, v := range values {
		f.values = append(f.values, func(q *question) { *at(q) = v })
	}
	return f
}

// The facts. Of releases, those count from which on something is otherwise; Kubernetes stopped to make the mark
// chain in v1.27.
var (
	ofKubernetes = text("kubernetesVersion", func(q *question) *string { return &q.KubernetesVersion }, "v1.26.0", keptMarkChain)
	ofProxy      = text("kubeProxyMode", func(q *question) *string { return &q.KubeProxyMode },
		terway.KubeProxyIptables, terway.KubeProxyIPVS, terway.KubeProxyNftables, terway.KubeProxyNone)
	ofRuntime  = text("containerRuntime", func(q *question) *string { return &q.ContainerRuntime }, "containerd", terway.RuntimeCRIO)
	ofStack    = text("ipStack", func(q *question) *string { return &q.IPStack }, "ipv4", terway.IPStackDual)
	ofDatapath = text("terway.datapath", func(q *question) *string { return &q.Datapath }, terway.DatapathVeth, terway.DatapathV2, terway.DatapathIPvlan)
	ofTerway   = text("terway.version", func(q *question) *Tri { return &q.HasSymmetric }, Yes, No)
	ofNodeIPv6 = text("node.ipv6", func(q *question) *string { return &q.NodeIPv6 }, "Enabled", terway.IPv6Disabled)
	ofPortmap  = text("cniPlugins.version", func(q *question) *string { return &q.PortmapRelease },
		oldestRead, cni.Since(cni.MasqAll), cni.Since(cni.Backend), cni.Since(cni.NftablesWorks), cni.Since(cni.NftablesSafe))
	ofTuning     = text("cniPlugins.version", func(q *question) *string { return &q.TuningRelease }, oldestRead, cni.Since(cni.TuningAllowlist))
	ofPrefix     = text("the prefix of the CNI result", func(q *question) *Tri { return &q.client.InPrefix }, Yes, No)
	ofConditions = text("which clients the conditions match", func(q *question) *Tri { return &q.client.Matched }, Yes, No)
	ofAllowlist  = &fact{"node.tuningAllowlist", func(q *question) bool { return q.Allowlist != nil }, []func(*question){
		func(q *question) { q.Allowlist = &terway.Allowlist{} },
		func(q *question) { q.Allowlist = &terway.Allowlist{Present: true} },
	}}
)

// keptMarkChain is the first Kubernetes whose kubelet leaves the mark chain to kube-proxy (KEP-3178), oldestRead
// the first release of the plugins whose sources were read.
const (
	keptMarkChain = "v1.27.0"
	oldestRead    = "v1.1.1"
)

// know notes that the answer depends on a fact.
func (q *question) know(f *fact) {
	if q.missing == nil && !f.known(q) {
		q.missing = f
	}
}

// The facts as code reads them. What an unknown one returns is of no consequence.
func (q *question) kubernetes() string { q.know(ofKubernetes); return q.KubernetesVersion }
func (q *question) proxy() string      { q.know(ofProxy); return q.KubeProxyMode }
func (q *question) runtime() string    { q.know(ofRuntime); return q.ContainerRuntime }
func (q *question) datapath() string   { q.know(ofDatapath); return q.Datapath }
func (q *question) portmap() string    { q.know(ofPortmap); return q.PortmapRelease }
func (q *question) tuning() string     { q.know(ofTuning); return q.TuningRelease }
func (q *question) inPrefix() bool     { q.know(ofPrefix); return q.client.InPrefix == Yes }
func (q *question) dual() bool         { q.know(ofStack); return q.IPStack != "ipv4" }
func (q *question) nodeIPv6() bool     { q.know(ofNodeIPv6); return q.NodeIPv6 != terway.IPv6Disabled }

// answers of one kind: how two that hold for different values of a fact are one.
type mergeable[T any] interface {
	merge(other T, fact string) T
}

// settle answers a question for every value of the facts that it depends on and are unknown.
func settle[T mergeable[T]](q question, answer func(*question) T) T {
	asked := q
	found := answer(&asked)
	if asked.missing == nil {
		return found
	}
	for i, set := range asked.missing.values {
		branch := q
		set(&branch)
		next := settle(branch, answer)
		if i > 0 {
			next = found.merge(next, asked.missing.name)
		}
		found = next
	}
	return found
}

// needs joins facts, each once, sorted.
func needs(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

// either joins two reasons for the same answer.
func either(a, b string) string {
	switch {
	case a == "":
		return b
	case strings.Contains(a, b):
		return a
	}
	return a + ", or " + b
}

// dependsOn says which facts would decide.
func dependsOn(facts []string) string {
	return "that depends on " + strings.Join(facts, ", ") + ", which nobody told"
}
