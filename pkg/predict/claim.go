// SPDX-License-Identifier: Apache-2.0

package predict

// Claim is an answer that is yes or no.
type Claim struct {
	Holds Tri
	// Why is one sentence with the cause, without a full stop; Needs are the facts without which nobody can tell.
	Why   string
	Needs []string
}

func (c Claim) merge(other Claim, fact string) Claim {
	switch {
	case c.Holds == other.Holds && c.Holds != Unknown:
		return Claim{Holds: c.Holds, Why: either(c.Why, other.Why)}
	case c.Holds == other.Holds && c.Needs == nil && other.Needs == nil:
		return Claim{Why: either(c.Why, other.Why)}
	case c.Holds == other.Holds:
		c.Needs = needs(c.Needs, other.Needs)
	default:
		c.Needs = needs(c.Needs, other.Needs, []string{fact})
	}
	c.Holds, c.Why = Unknown, dependsOn(c.Needs)
	return c
}

// claim is a question about the world, not about a client.
func (w World) claim(answer func(*question) Claim) Claim {
	return settle(question{World: w}, answer)
}
