// SPDX-License-Identifier: Apache-2.0

package terway

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
)

// Members of Terway's own plugin entry that switch symmetric routing on and configure it
// (docs/symmetric_routing_config.md).
const (
	SymmetricKey       = "symmetric_routing"
	SymmetricConfigKey = "symmetric_routing_config"
)

// SymmetricConfig is symmetric_routing_config as Terway decodes it
// (plugin/driver/types/types.go, SymmetricRoutingConfig). A zero number means Terway's default.
type SymmetricConfig struct {
	Interface    string `json:"interface,omitempty"`
	Mark         int    `json:"mark,omitempty"`
	Mask         int    `json:"mask,omitempty"`
	TableID      int    `json:"table_id,omitempty"`
	RulePriority int    `json:"rule_priority,omitempty"`
	Comment      string `json:"comment,omitempty"`
	Backend      string `json:"backend,omitempty"`
}

// Defaults of symmetric.go; a number that is not positive silently becomes its default.
var symmetricDefaults = SymmetricConfig{Interface: "eth0", Mark: 16, Mask: 16, TableID: 100, RulePriority: 600, Comment: "terway-symmetric", Backend: "iptables"}

// Priorities of Terway's own ip rules (plugin/datapath/policy_router_linux.go): "to podIP lookup main"
// and "from podIP lookup 1000+ifindex".
const (
	toPodPriority   = 512
	fromPodPriority = 2048
	eniTableBase    = 1000
	maxMark         = 1<<32 - 1
)

// SymmetricProblem is a number of [SymmetricConfig] with which packets go wrong.
type SymmetricProblem struct {
	// Key is the JSON key of the number.
	Key string
	// Reason says what the node would do with it, and what to write instead.
	Reason string
}

// Check returns the numbers that break the invariants of symmetric routing, most specific first.
// They follow from the rules that symmetric.go makes on the node beside those of Terway's datapath.
func (c SymmetricConfig) Check() []SymmetricProblem {
	mark, mask := orDefault(c.Mark, symmetricDefaults.Mark), orDefault(c.Mask, symmetricDefaults.Mask)
	table := orDefault(c.TableID, symmetricDefaults.TableID)
	priority := orDefault(c.RulePriority, symmetricDefaults.RulePriority)
	var bad []SymmetricProblem
	add := func(key, format string, args ...any) {
		bad = append(bad, SymmetricProblem{key, fmt.Sprintf(format, args...)})
	}
	if mark > maxMark || mask > maxMark {
		add("mark", "mark %d and mask %d must fit in 32 bits", mark, mask)
		return bad
	}
	if mark&^mask != 0 {
		add("mark", "mark %d has bits outside mask %d, so the rule also catches unmarked packets and diverts ordinary traffic: use a mask that covers the mark", mark, mask)
	}
	owner := MarkOwner(mark)
	if mark&portmapBit != 0 {
		owner = "portmap (its default bit 13)"
	}
	if owner != "" {
		add("mark", "mark %d (%#x) is taken by %s: use a bit that nobody else writes, such as Terway's default 16", mark, mark, owner)
	}
	switch {
	case priority <= toPodPriority:
		add("rule_priority", "priority %d comes before Terway's rule %d \"to podIP\", so packets from outside would be sent back to the gateway: use a number between 513 and 2047", priority, toPodPriority)
	case priority >= fromPodPriority:
		add("rule_priority", "priority %d comes after Terway's rule %d \"from podIP\", so the rule is never reached: use a number between 513 and 2047", priority, fromPodPriority)
	}
	if table >= 253 && table <= 255 || table >= eniTableBase {
		add("table_id", "table %d belongs to %s: use a number between 1 and 252, or 256 and 999", table, tableOwner(table))
	}
	return bad
}

// markOwners are the other users of the packet mark on a Terway node.
var markOwners = []struct {
	bits int
	name string
}{
	{0x4000, "kube-proxy (KUBE-MARK-MASQ)"},
	{0x8000, "kubelet and kube-proxy (KUBE-MARK-DROP)"},
	{0xffff0000, "Felix (network policy) and cilium"},
	{0x0f00, "cilium"},
}

// portmapBit is the bit of the packet mark that portmap writes unless it is told otherwise.
const portmapBit = 0x2000

// MarkOwner names who, beside portmap and symmetric routing, writes one of these bits of the packet mark on
// a Terway node; "" if nobody does.
func MarkOwner(bits int) string {
	for _, owner := range markOwners {
		if bits&owner.bits != 0 {
			return owner.name
		}
	}
	return ""
}

// WithDefaults has Terway's default in the place of every number that is not positive, and of every empty text.
func (c SymmetricConfig) WithDefaults() SymmetricConfig {
	d := symmetricDefaults
	return SymmetricConfig{
		Interface: cmp.Or(c.Interface, d.Interface), Comment: cmp.Or(c.Comment, d.Comment), Backend: cmp.Or(c.Backend, d.Backend),
		Mark: orDefault(c.Mark, d.Mark), Mask: orDefault(c.Mask, d.Mask),
		TableID: orDefault(c.TableID, d.TableID), RulePriority: orDefault(c.RulePriority, d.RulePriority),
	}
}

// Marks are the bits of the packet mark that symmetric routing writes.
func (c SymmetricConfig) Marks() int { return orDefault(c.Mark, symmetricDefaults.Mark) }

func tableOwner(table int) string {
	if table >= eniTableBase {
		return "Terway's ENIs (1000 and more)"
	}
	return "the kernel (default, main, local)"
}

func orDefault(n, def int) int {
	if n <= 0 {
		return def
	}
	return n
}

// withoutValue strips what a decoding error of encoding/json would quote from the input.
func withoutValue(err error) error {
	var mismatch *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &mismatch) && mismatch.Field == "":
		return fmt.Errorf("it is a JSON %s where an object belongs", kindOf(mismatch.Value))
	case errors.As(err, &mismatch):
		return fmt.Errorf("the field %q holds a JSON %s where Terway reads %s", mismatch.Field, kindOf(mismatch.Value), mismatch.Type)
	case errors.As(err, &syntax):
		return fmt.Errorf("no JSON: byte %d is not what belongs there", syntax.Offset)
	}
	return errors.New("it cannot be decoded")
}

// kindOf cuts the number from "number 32.5".
func kindOf(value string) string {
	for i, r := range value {
		if r == ' ' {
			return value[:i]
		}
	}
	return value
}
