// SPDX-License-Identifier: Apache-2.0

package report

import "slices"

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

// readings that the link-local table begins with, where they were made.
var linkLocal = []string{"eth0", "lo", "later interface", "after flap", "sysctls"}

// readings in pods are the link-local table; what was read elsewhere follows.
func (r *Report) readings() []reading {
	var all []reading
	r.observations(func(s *Spec, o Observation) {
		if o.Protocol != "" {
			return
		}
		if o.Vantage == "pod" {
			o.Vantage = ""
		}
		i := slices.IndexFunc(all, func(x reading) bool { return x.What == o.Target && x.Where == o.Vantage })
		if i < 0 {
			i = len(all)
			all = append(all, reading{What: o.Target, Where: o.Vantage})
		}
		all[i].add(s, o)
	})
	slices.SortStableFunc(all, func(a, b reading) int { return a.order() - b.order() })
	return all
}

func (r reading) order() int {
	i := slices.Index(linkLocal, r.What)
	switch {
	case r.Where != "":
		return len(linkLocal) + 1
	case i < 0:
		return len(linkLocal)
	}
	return i
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
