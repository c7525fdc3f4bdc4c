// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"strings"
)

// reading is what was read in one place: an interface, the sysctls.
type reading struct {
	// What was read; Where is "" in the pod.
	What, Where string
	State       state
	// Got are the values that were read, Expected those that had to be and were not.
	Got, Expected []string
	// Specs that read it.
	Specs []string
}

// Name of what was read, and where, if not in the pod.
func (r reading) Name() string {
	if r.Where == "" {
		return r.What
	}
	return vantageName(r.Where) + ": " + r.What
}

// linkLocal are the readings of the link-local table, in their order.
var linkLocal = []string{"eth0", "lo", "later interface", "after flap", "sysctls"}

// readings are the link-local table, and whatever else was read or probed past the host ports, what was not as
// expected first.
func (r *Report) readings() (link, others []reading) {
	var all []reading
	r.observations(func(s *Spec, o Observation) {
		if o.Protocol != "" && (o.atHostPort() || o.Phase != "open") {
			return
		}
		x := reading{What: o.Target, Where: o.Vantage}
		if o.Protocol != "" {
			x.What = fmt.Sprintf("%s%d to %s", strings.ToUpper(o.Protocol), o.Family, o.Target)
		}
		if o.Vantage == "pod" {
			x.Where = ""
		}
		i := slices.IndexFunc(all, func(y reading) bool { return y.What == x.What && y.Where == x.Where })
		if i < 0 {
			i = len(all)
			all = append(all, x)
		}
		all[i].add(s, o)
	})
	for _, x := range all {
		if x.Where == "" && slices.Contains(linkLocal, x.What) {
			link = append(link, x)
		} else {
			others = append(others, x)
		}
	}
	slices.SortStableFunc(link, func(a, b reading) int { return slices.Index(linkLocal, a.What) - slices.Index(linkLocal, b.What) })
	slices.SortStableFunc(others, func(a, b reading) int { return b.State.rank() - a.State.rank() })
	return link, others
}

func (r *reading) add(s *Spec, o Observation) {
	now := stateOf(s, o)
	if now.rank() > r.State.rank() {
		r.State = now
	}
	r.Got = including(r.Got, o.Got)
	if o.Expected != "" && o.Expected != o.Got {
		r.Expected = including(r.Expected, o.Expected)
	}
	r.Specs = including(r.Specs, s.ID)
}

// astray are the readings that were not as expected, or undecided.
func astray(all []reading) []reading {
	return slices.DeleteFunc(slices.Clone(all), func(r reading) bool { return r.State != unexpected && r.State != undecided })
}

// summary of readings in words: 30 other probes and readings, 2 of them not as expected.
func summary(others []reading) string {
	text := plural(len(others), "other probe or reading", "other probes and readings")
	if n := len(astray(others)); n > 0 {
		return fmt.Sprintf("%s, %d of them not as expected", text, n)
	}
	return text + ", as expected or recorded only"
}
