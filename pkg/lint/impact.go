// SPDX-License-Identifier: Apache-2.0

package lint

import "slices"

// Impact is what the cluster would see.
type Impact string

// The impacts, worst first.
const (
	// Init: Terway's init container fails; the rollout stalls; pods on that node can neither start nor stop.
	Init Impact = "init"
	// Node: Terway looks Ready but the runtime refuses the list; the rollout goes on through the fleet.
	Node Impact = "node"
	// AllPods: every new pod on the node fails.
	AllPods Impact = "all-pods"
	// SomePods: pods that use host ports, bandwidth limits or another such feature fail.
	SomePods Impact = "some-pods"
	// Traffic: pods start, packets go wrong or may be shut out.
	Traffic Impact = "traffic"
	// Silent: a setting has no effect.
	Silent Impact = "silent"
	// Hygiene: harmless today.
	Hygiene Impact = "hygiene"
)

// Severity of a finding or a change.
type Severity string

// The severities, worst first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// SeverityOf an impact. lost: a requested function is lost, which makes traffic and silent errors.
func SeverityOf(i Impact, lost bool) Severity {
	switch i {
	case Init, Node, AllPods, SomePods:
		return Error
	case Traffic, Silent:
		if lost {
			return Error
		}
		return Warning
	}
	return Info
}

// severities, worst first.
var severities = []Severity{Error, Warning, Info}

// Rank is 0 for the worst severity, and grows as things get better.
func (s Severity) Rank() int { return slices.Index(severities, s) }

// Reaches tells whether a severity is at or above a limit: error, warning, info, or never for none.
func (s Severity) Reaches(limit string) bool {
	return s.Rank() <= slices.Index(severities, Severity(limit))
}

// allImpacts, worst first.
var allImpacts = []Impact{Init, Node, AllPods, SomePods, Traffic, Silent, Hygiene}

// Rank is 0 for the worst impact, and grows as things get better.
func (i Impact) Rank() int { return slices.Index(allImpacts, i) }
