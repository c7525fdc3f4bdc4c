// SPDX-License-Identifier: Apache-2.0

package lint

// RuleSet is the version of the rules as a whole: it grows with every rule that is added, removed or
// judges otherwise.
const RuleSet = "1"

// Rule finds one kind of mistake. Its page is testdata/ID.txtar.
type Rule struct {
	// ID is kebab-case and final.
	ID string
	// Title says what is wrong, in a few words.
	Title string
	// Impact is the worst that the rule reports; Lost: a requested function is lost by it, which makes
	// traffic and silent errors.
	Impact Impact
	Lost   bool
	// Defeats are the fields of a ChainIntent that a chain does not fulfil which the rule reports as an error of
	// impact some-pods, traffic or silent, out of [Fields]. Where every pod fails, nothing is fulfilled.
	Defeats []string
	// Proof says how it is known that the cluster sees this: the spec or test that shows it, or why none can.
	Proof string
	// Sources are the upstream places that the rule rests on.
	Sources []string
	// Check reports what it finds in a chain, Object in any object of a file that names eni-config; both are
	// nil for rules about waivers and files, which are judged elsewhere.
	Check  func(*Pass)
	Object func(*ObjectPass)
}

// The fields of a ChainIntent, with the value where only one of them is meant.
const (
	HostPorts       = "hostPorts"
	PublicHostPorts = "hostPorts.exposure: Public"
	MasqAll         = "hostPorts.masqAll"
	NoLinkLocal     = "ipv6LinkLocal: Disabled"
	Sysctls         = "sysctls"
)

// Fields are those that a rule can name in Defeats.
var Fields = []string{HostPorts, PublicHostPorts, MasqAll, NoLinkLocal, Sysctls}

// allHostPorts are all fields about host ports: without them, none is public, and none is masqueraded.
var allHostPorts = []string{HostPorts, PublicHostPorts, MasqAll}

// Severity of the worst that the rule reports.
func (r *Rule) Severity() Severity { return SeverityOf(r.Impact, r.Lost) }

// Find returns the rule with that ID, or nil.
func Find(id string) *Rule {
	for _, r := range Rules() {
		if r.ID == id {
			return r
		}
	}
	return nil
}
