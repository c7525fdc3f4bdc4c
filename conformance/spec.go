// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/render"
)

// Level of a spec.
type Level string

// The levels. A core spec decides where its intent was asked for; the others are reported.
const (
	Core Level = "core"
	Ext  Level = "ext"
)

// Spec is one claim about a chain, and how packets prove it. IDs never change and are never used again.
type Spec struct {
	ID    string
	Name  string // the claim, as a sentence without a full stop
	Level Level
	// For is the intent that makes the claim; the zero value claims it of every chain.
	For Wish
	// Own: the spec brings its own chain. It proves the tool, and never enters a verdict.
	Own bool
	// Cluster: of those, it is worth its time on a cluster, too; see [Mutant].
	Cluster bool
	// Disruptive: it takes away what others on the cluster use, too, and runs only where it is named.
	Disruptive bool
	// Needs are the features without which the claim makes no sense or cannot be tried.
	Needs []Feature
	// Seconds that it takes on a cluster, where that is more than most: specs are dealt out by it.
	Seconds int
	// Evidence is how many probes and readings it takes at least.
	Evidence int
	// Why says what breaks for users where the claim does not hold, and what the spec does.
	Why string
	// Sources are upstream places and threads that the claim rests on.
	Sources []string
	Run     func(*T)
}

// Wish is the part of an intent that a spec is about.
type Wish string

// The wishes.
const (
	Always        Wish = ""
	WantHostPorts Wish = "hostPorts"
	WantPublic    Wish = "hostPorts.exposure: Public"
	WantMasqAll   Wish = "hostPorts.masqAll"
	// WantClients: an intent that says masqAll: false wants clients to keep their addresses.
	WantClients Wish = "hostPorts.masqAll: false"
	WantNoIPv6  Wish = "ipv6LinkLocal: Disabled"
	WantSysctls Wish = "sysctls"
	// WantKernelIPv6: IPv6 must stay as the kernel has it. WantSettings: the intent names settings of plugins.
	WantKernelIPv6 Wish = "ipv6LinkLocal: Kernel"
	WantSettings   Wish = "settings of plugins"
	WantTuning     Wish = "ipv6LinkLocal: Disabled, or sysctls"
	WantDualStack  Wish = "dual stack"
)

// Asked tells whether an intent, or the cluster, makes the wish.
func (w Wish) Asked(in render.IntentSpec, dual bool) bool {
	ports := in.HostPorts
	switch w {
	case Always:
		return true
	case WantHostPorts:
		return ports != nil
	case WantPublic:
		return ports != nil && ports.Exposure == render.Public
	case WantMasqAll:
		return ports != nil && ports.MasqAll != nil && *ports.MasqAll
	case WantClients:
		return ports != nil && ports.MasqAll != nil && !*ports.MasqAll
	case WantNoIPv6:
		return in.IPv6LinkLocal == render.Disabled
	case WantKernelIPv6:
		return in.IPv6LinkLocal == render.Kernel
	case WantSettings:
		return len(in.Plugins) > 0 || ports != nil && (ports.Backend != "" || ports.MarkChain != "" || ports.SymmetricRouting != nil)
	case WantSysctls:
		return len(in.Sysctls) > 0
	case WantTuning:
		return WantNoIPv6.Asked(in, dual) || WantSysctls.Asked(in, dual)
	case WantDualStack:
		return dual
	}
	return false
}

// Group of specs about one matter; one file each.
type Group struct {
	Name  string
	Specs []Spec
}

// Groups are all specs, in the order of the catalogue.
func Groups() []Group {
	return []Group{
		{"chain", chainSpecs},
		{"host ports", inOrder(hostPortSpecs, sidecarSpecs)},
		{"host IPs", hostIPSpecs},
		{"source addresses", sourceSpecs},
		{"UDP", udpSpecs},
		{"IPv6", ipv6Specs},
		{"isolation", isolationSpecs},
		{"symmetric routing", symmetricSpecs},
		{"life cycle", inOrder(lifecycleSpecs, kubeletSpecs)},
		{"conflicts", inOrder(conflictSpecs, schedulerSpecs)},
		{"scale", scaleSpecs},
		{"chain variants", variantSpecs},
		{"rollout", inOrder(rolloutSpecs, fleetSpecs)},
		{"restarts", restartSpecs},
		{"upgrade", upgradeSpecs},
		{"IPv6 in pods", inOrder(linkLocalSpecs, applicationSpecs, limitSpecs, containerSpecs)},
		{"sysctls", sysctlSpecs},
		{"intents", askedSpecs},
	}
}

// inOrder are the specs of a group that stands in several files.
func inOrder(parts ...[]Spec) []Spec {
	all := slices.Concat(parts...)
	slices.SortFunc(all, func(a, b Spec) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Specs are all of them, in the order of the catalogue.
func Specs() []*Spec {
	var all []*Spec
	for _, g := range Groups() {
		for i := range g.Specs {
			all = append(all, &g.Specs[i])
		}
	}
	return all
}

// Find returns the spec with that ID, nil for none.
func Find(id string) *Spec {
	all := Specs()
	if i := slices.IndexFunc(all, func(s *Spec) bool { return s.ID == id }); i >= 0 {
		return all[i]
	}
	return nil
}

// GroupOf is the name of the group that a spec belongs to.
func GroupOf(id string) string {
	for _, g := range Groups() {
		if slices.ContainsFunc(g.Specs, func(s Spec) bool { return s.ID == id }) {
			return g.Name
		}
	}
	return ""
}
