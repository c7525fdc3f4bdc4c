// SPDX-License-Identifier: Apache-2.0

// Package report holds what a run of the conformance suite found: the model that report.json is, the verdict
// that follows from it, the comparison of two runs, and the forms for people and for CI. It knows no
// environment and runs nothing.
package report

import "time"

// Version of the format; fields may be added within it.
const Version = "chainlint.dev/conformance/v1"

// Outcome of a spec.
type Outcome string

// The outcomes.
const (
	// Pass: the packets showed what the spec claims.
	Pass Outcome = "pass"
	// Fail: they showed something else.
	Fail Outcome = "fail"
	// Inconclusive: path or permission at fault, proven by a control.
	Inconclusive Outcome = "inconclusive"
	// NotApplicable: the claim makes no sense for this chain or place; the reason says why.
	NotApplicable Outcome = "not-applicable"
	// Skipped: it could have run, and did not.
	Skipped Outcome = "skipped"
)

// Core is the level that decides, Ext is reported only.
const (
	Core = "core"
	Ext  = "ext"
)

// Enforce judges by the intents. Predict judges by the prediction: it tests the suite.
const (
	Enforce = "enforce"
	Predict = "predict"
)

// Report of one run about one chain.
type Report struct {
	APIVersion string `json:"apiVersion"`
	Run        Run    `json:"run"`
	Target     Target `json:"target"`
	// Facts that were found, asked for or taken for lack of them, in the order in which they are shown.
	Facts   []Fact  `json:"facts"`
	Verdict Verdict `json:"verdict"`
	// Specs that were planned, in the order of the catalogue, those that did not run included.
	Specs []Spec `json:"specs"`
	// Mutation is nil where no mutants ran.
	Mutation *Mutation `json:"mutation,omitempty"`
	// Cleanup says what could not be removed, nil where nothing is left.
	Cleanup []string `json:"cleanup,omitempty"`
	// Expectations says which accepted outcomes no longer hold, nil where all do; see [Expectations.Apply].
	Expectations []string `json:"expectations,omitempty"`
}

// Run is how and when.
type Run struct {
	Tool        string    `json:"tool"`        // version of chainlint-conformance
	Environment string    `json:"environment"` // netns, kind, cluster
	Mode        string    `json:"mode"`        // enforce, predict
	Rootless    bool      `json:"rootless,omitempty"`
	Start       time.Time `json:"start"`
	// Seconds that it took.
	Seconds float64 `json:"seconds"`
	// Reproduce is the command line to run the same again.
	Reproduce string `json:"reproduce"`
	// StandIn says what took Terway's place, "" where Terway itself ran. Emulated is what of the world was
	// only imitated, such as Datapath V2.
	StandIn  string   `json:"standIn,omitempty"`
	Emulated []string `json:"emulated,omitempty"`
}

// Target is what was judged.
type Target struct {
	Name string `json:"name"` // file, overlay or built-in example
	// Intents that must hold, in words; Inferred: they were read off the chain.
	Intents  []string `json:"intents"`
	Inferred bool     `json:"inferred,omitempty"`
	// Conflist is the list that lands on a node, "" where Terway refuses; Hash is over that text.
	Conflist string `json:"conflist,omitempty"`
	Hash     string `json:"hash,omitempty"`
	// Backend of portmap (iptables, nftables), "" without portmap.
	Backend string `json:"backend,omitempty"`
}

// Fact of the world in which the chain was judged.
type Fact struct {
	Name   string `json:"name"` // as in ClusterFacts, such as cniPlugins.version
	Value  string `json:"value"`
	Source string `json:"source"` // a file, "lab value", "found here"
}

// Spec is what became of one.
type Spec struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Group string `json:"group"` // such as "host ports"
	Level string `json:"level"` // core, ext
	// Judged: it enters the verdict about the target. Specs that bring their own chain never do.
	Judged  bool    `json:"judged"`
	Outcome Outcome `json:"outcome"`
	// Code is a short kebab-case class of the reason (refused, timeout, wrong-source, ...), which mutants
	// are killed by; Reason says it in words, with expected and got.
	Code   string `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Hint is the likely cause; Reproduce runs this spec alone.
	Hint      string  `json:"hint,omitempty"`
	Reproduce string  `json:"reproduce,omitempty"`
	Seconds   float64 `json:"seconds"`
	// Evidence is how many probes and readings were made; fewer than Minimum is inconclusive.
	Evidence     int           `json:"evidence"`
	Minimum      int           `json:"minimum"`
	Observations []Observation `json:"observations,omitempty"`
	// Waiver accepts this outcome, nil where nobody does; see [Expectations.Apply].
	Waiver *Waiver `json:"waiver,omitempty"`
}

// Waiver says why an outcome is accepted, and until which day (2027-01-31).
type Waiver struct {
	Reason  string `json:"reason"`
	Link    string `json:"link,omitempty"`
	Expires string `json:"expires,omitempty"`
}

// Observation is one probe, or one reading, that matters to people and to compare.
type Observation struct {
	// Phase: closed (before the pod), open, released (after the pod).
	Phase string `json:"phase"`
	// Vantage: external, other-node, other-pod, same-node-pod, node, localhost, hairpin, direct, public, pod.
	Vantage string `json:"vantage"`
	// Protocol and Family, empty for readings: tcp, udp, sctp; 4, 6.
	Protocol string `json:"protocol,omitempty"`
	Family   int    `json:"family,omitempty"`
	// Target that was asked, such as 10.0.0.10:20001, or what was read, such as "eth0".
	Target string `json:"target"`
	// Got: answered, refused, timeout, unreachable, reset, wrong-answer, or the value that was read.
	Got string `json:"got"`
	// Expected is what Got had to be, "" where it was recorded only.
	Expected string `json:"expected,omitempty"`
	// Source is the client's address as the pod saw it, Class how it relates to the client: preserved,
	// node, gateway, other. WantClass is what was expected, "" where it was recorded only.
	Source    string `json:"source,omitempty"`
	Class     string `json:"class,omitempty"`
	WantClass string `json:"wantClass,omitempty"`
}

// Mutation is the score of the mutants.
type Mutation struct {
	Mutants []Mutant `json:"mutants"`
	// Equivalent mutants behave as the original, so nothing can kill them.
	Equivalent []Mutant `json:"equivalent,omitempty"`
}

// Mutant is a chain or a world that was broken on purpose.
type Mutant struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Outcome: pass where it was killed for the expected reason, fail where it survived or died of another,
	// not-applicable where it cannot be made here.
	Outcome Outcome `json:"outcome"`
	// KilledBy are the specs that noticed, as "HP-006 timeout"; Expected those that had to.
	KilledBy []string `json:"killedBy,omitempty"`
	Expected []string `json:"expected,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Seconds  float64  `json:"seconds"`
}

// Verdict on the target.
type Verdict struct {
	Word string `json:"word"` // GO, NO-GO, HOLD, NOT-RUN
	Exit int    `json:"exit"`
	// Reasons, the worst first; for GO what it rests on.
	Reasons []string `json:"reasons"`
}
