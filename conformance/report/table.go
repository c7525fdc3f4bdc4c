// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// table is what was seen, by vantage point and protocol.
type table struct {
	Columns []string
	Rows    []tableRow
}

type tableRow struct {
	Vantage string
	Cells   []cell
}

// cell is one vantage point over one protocol: what came of the probes while the pod ran. Of several probes the
// worst is shown.
type cell struct {
	// State is that of the shown probe, "" where nothing was probed.
	State state
	shown Observation
	// Probes that were made, and how many of them were as bad as the shown one.
	Probes, Same int
}

// state of a probe or a reading.
type state string

const (
	asExpected state = "as expected"
	unexpected state = "not as expected"
	undecided  state = "undecided"
	recorded   state = "recorded only"
)

// Sign goes with the word, never without it.
func (s state) Sign() string {
	switch s {
	case asExpected:
		return "✓"
	case unexpected:
		return "✕"
	case undecided:
		return "?"
	case recorded:
		return "·"
	}
	return "–"
}

// rank is higher for what people must see.
func (s state) rank() int {
	return slices.Index([]state{"", recorded, asExpected, undecided, unexpected}, s)
}

// stateOf an observation of a spec.
func stateOf(s *Spec, o Observation) state {
	wrong := o.Expected != "" && o.Got != o.Expected || o.WantClass != "" && o.Class != o.WantClass
	switch {
	case wrong && s.Result() == Inconclusive:
		return undecided
	case wrong:
		return unexpected
	case o.Expected == "" && o.WantClass == "":
		return recorded
	}
	return asExpected
}

// The rows and columns that are always there, in their order. Other columns that turn up follow.
var (
	vantages = []string{"external", "other-node", "other-pod", "same-node-pod", "node", "localhost", "hairpin", "direct", "public"}
	columns  = []string{"TCP4", "UDP4", "SCTP4", "TCP6", "UDP6"}
	// seldom are rows where somebody probed from there. Probes from elsewhere are no matter of host ports.
	seldom = []string{"localhost2", "secondary", "elsewhere"}
)

// atHostPort tells whether an observation belongs into the truth table: a probe while the pod ran.
func (o Observation) atHostPort() bool {
	return o.Protocol != "" && o.Phase == "open" && (slices.Contains(vantages, o.Vantage) || slices.Contains(seldom, o.Vantage))
}

// vantageNames are in words what the ends of a probe are.
var vantageNames = map[string]string{
	"external": "external client", "other-node": "other node", "other-pod": "pod on another node", "same-node-pod": "pod on the same node",
	"node": "node", "localhost": "localhost on the node", "hairpin": "the pod itself (hairpin)", "direct": "direct, at the pod's address",
	"public": "client on the internet", "localhost2": "127.0.0.2 on the node", "elsewhere": "external client, at the other node",
	"secondary": "external client, at the node's other address",
}

// Name of the row in words.
func (r tableRow) Name() string { return vantageName(r.Vantage) }

func vantageName(vantage string) string { return or(vantageNames[vantage], vantage) }

// reachability is the truth table of a report. Chains that specs bring themselves are not in it.
func (r *Report) reachability() *table {
	cells := map[[2]string]*cell{}
	rows, cols := slices.Clone(vantages), slices.Clone(columns)
	r.observations(func(s *Spec, o Observation) {
		if !o.atHostPort() {
			return
		}
		col := strings.ToUpper(line(o.Protocol, 20)) + fmt.Sprint(o.Family)
		rows, cols = including(rows, o.Vantage), including(cols, col)
		at := [2]string{o.Vantage, col}
		if cells[at] == nil {
			cells[at] = &cell{}
		}
		cells[at].add(s, o)
	})
	t := &table{Columns: cols}
	for _, vantage := range rows {
		row := tableRow{Vantage: vantage}
		for _, col := range cols {
			c := cells[[2]string{vantage, col}]
			if c == nil {
				c = &cell{}
			}
			row.Cells = append(row.Cells, *c)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// observations calls f with those of judged specs that came to something.
func (r *Report) observations(f func(*Spec, Observation)) {
	for i := range r.Specs {
		s := &r.Specs[i]
		if result := s.Result(); !s.Judged || result == NotApplicable || result == Skipped {
			continue
		}
		for _, o := range s.Observations {
			f(s, o)
		}
	}
}

func including(all []string, one string) []string {
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// add one probe: the worst is shown, and of those that are equally bad one that was or had to be answered.
func (c *cell) add(s *Spec, o Observation) {
	now := stateOf(s, o)
	c.Probes++
	switch d := cmp.Compare(now.rank(), c.State.rank()); {
	case d > 0:
		c.State, c.shown, c.Same = now, o, 1
	case d == 0:
		c.Same++
		if !about(c.shown, "answered") && about(o, "answered") {
			c.shown = o
		}
	}
}

func about(o Observation, word string) bool { return o.Got == word || o.Expected == word }

// Got is what came of it, in words.
func (c cell) Got() string { return or(c.shown.Got, "not probed") }

// Expected is what it had to be, "" where it was that.
func (c cell) Expected() string {
	if c.shown.Expected == c.shown.Got {
		return ""
	}
	return c.shown.Expected
}

// Source is the client's address as the pod saw it, and Class how that relates to the client.
func (c cell) Source() string {
	if at, err := netip.ParseAddrPort(c.shown.Source); err == nil {
		return at.Addr().String()
	}
	return c.shown.Source
}

// Class see Source.
func (c cell) Class() string { return c.shown.Class }

// WantClass is what the class had to be, "" where it was that.
func (c cell) WantClass() string {
	if c.shown.WantClass == c.shown.Class || c.Expected() != "" {
		return ""
	}
	return c.shown.WantClass
}

// Some says how many of the probes were as bad as the shown one, "" where all were, or none was bad.
func (c cell) Some() string {
	if c.Same == c.Probes || c.State != unexpected && c.State != undecided {
		return ""
	}
	return fmt.Sprintf("%d of %d probes", c.Same, c.Probes)
}

// probed leaves out what nothing was probed for; the names of those columns are returned, too.
func (t *table) probed() (*table, []string) {
	var kept []int
	var without []string
	for i, name := range t.Columns {
		if slices.ContainsFunc(t.Rows, func(r tableRow) bool { return r.Cells[i].State != "" }) {
			kept = append(kept, i)
		} else {
			without = append(without, name)
		}
	}
	small := &table{}
	for _, i := range kept {
		small.Columns = append(small.Columns, t.Columns[i])
	}
	for _, row := range t.Rows {
		cells := tableRow{Vantage: row.Vantage}
		for _, i := range kept {
			cells.Cells = append(cells.Cells, row.Cells[i])
		}
		if slices.ContainsFunc(cells.Cells, func(c cell) bool { return c.State != "" }) {
			small.Rows = append(small.Rows, cells)
		}
	}
	return small, without
}
