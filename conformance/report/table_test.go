// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func seenFrom(vantage, got, expected, class, want string) Observation {
	return Observation{Phase: "open", Vantage: vantage, Protocol: "tcp", Family: 4, Target: "10.0.0.1:1", Got: got, Expected: expected, Source: "10.0.0.9", Class: class, WantClass: want}
}

// TestCell: of several probes the worst is shown.
func TestCell(t *testing.T) {
	good, refused := seenFrom("node", "answered", "answered", "node", "node"), seenFrom("node", "refused", "refused", "", "")
	bad, class, seen := seenFrom("node", "timeout", "answered", "", ""), seenFrom("node", "answered", "answered", "node", "preserved"), seenFrom("node", "timeout", "", "", "")
	closed := bad
	closed.Phase = "closed"
	spec := func(o Outcome, all ...Observation) Spec {
		s := core("A", o)
		s.Observations = all
		return s
	}
	own := spec(Fail, bad)
	own.Judged = false
	for name, c := range map[string]struct {
		specs []Spec
		want  string
	}{
		"nothing":                    {nil, "- | – not probed"},
		"as expected":                {[]Spec{spec(Pass, good)}, "ok node | ✓ answered"},
		"refused as expected, first": {[]Spec{spec(Pass, refused, good)}, "ok node | ✓ answered"},
		"only refused":               {[]Spec{spec(Pass, refused)}, "ok refused | ✓ refused"},
		"one of two":                 {[]Spec{spec(Pass, good), spec(Fail, bad)}, "FAIL timeout | ✕ timeout"},
		"the class":                  {[]Spec{spec(Fail, class, good)}, "FAIL node, want preserved | ✕ answered"},
		"undecided":                  {[]Spec{spec(Inconclusive, bad), spec(Pass, good)}, "? timeout | ? timeout"},
		"failed before undecided":    {[]Spec{spec(Inconclusive, bad), spec(Fail, bad)}, "FAIL timeout | ✕ timeout"},
		"recorded":                   {[]Spec{spec(Pass, seen)}, "saw timeout | · timeout"},
		"recorded beside judged":     {[]Spec{spec(Pass, seen, good)}, "ok node | ✓ answered"},
		"another phase":              {[]Spec{spec(Fail, closed)}, "- | – not probed"},
		"its own chain":              {[]Spec{own}, "- | – not probed"},
		"skipped":                    {[]Spec{spec(Skipped, bad)}, "- | – not probed"},
		"not applicable":             {[]Spec{spec(NotApplicable, bad)}, "- | – not probed"},
	} {
		t.Run(name, func(t *testing.T) {
			table := run(c.specs...).reachability()
			row := table.Rows[slices.IndexFunc(table.Rows, func(r tableRow) bool { return r.Vantage == "node" })]
			cell := row.Cells[0]
			for i, other := range row.Cells[1:] {
				if other.State != "" {
					t.Errorf("column %d: %v", i, other)
				}
			}
			if got := cell.brief() + " | " + cell.State.Sign() + " " + cell.Got(); strings.ReplaceAll(got, "10.0.0.9 ", "") != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// TestTableLosesNothing: protocols that nobody knew get columns of their own, and probes from elsewhere stand
// among the readings.
func TestTableLosesNothing(t *testing.T) {
	s := core("A", Pass)
	s.Observations = []Observation{
		{Phase: "open", Vantage: "secondary", Protocol: "quic", Family: 6, Got: "answered"},
		{Phase: "open", Vantage: "moon", Protocol: "tcp", Family: 6, Target: "earth", Got: "answered"},
		{Phase: "closed", Vantage: "moon", Protocol: "tcp", Family: 6, Target: "earth", Got: "refused"},
	}
	r := run(s)
	table := r.reachability()
	if table.Columns[len(table.Columns)-1] != "QUIC6" || table.Rows[len(table.Rows)-1].Vantage != "secondary" || len(table.Rows) != len(vantages)+1 {
		t.Errorf("%v", table)
	}
	small, without := table.probed()
	if diff := cmp.Diff([]string{"QUIC6"}, small.Columns); diff != "" || len(small.Rows) != 1 || len(without) != len(columns) {
		t.Errorf("%v %v %s", small, without, diff)
	}
	if link, others := r.readings(); link != nil || len(others) != 1 || others[0].Name() != "moon: TCP6 to earth" || others[0].Got[0] != "answered" {
		t.Errorf("%v %v", link, others)
	}
}

func TestReadings(t *testing.T) {
	words := func(all []reading) []string {
		var got []string
		for _, r := range all {
			got = append(got, r.Name()+": "+string(r.State)+": "+strings.Join(r.Got, ", ")+" "+strings.Join(r.Specs, ", "))
		}
		return got
	}
	link, others := fixture(t, "no-go").readings()
	want := []string{
		"eth0: not as expected: fe80::5054:ff:fe12:3456/64 LL-001", "lo: not as expected: ::1/128 LL-003", "later interface: as expected: none LL-008",
		"after flap: not as expected: fe80::5054:ff:fe12:3456/64 LL-006", "sysctls: not as expected: all=0 default=1 lo=0 eth0=0 LL-004",
	}
	if diff := cmp.Diff(want, words(link)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"node: addresses: as expected: as before LL-012"}, words(others)); diff != "" {
		t.Error(diff)
	}
}

// TestTroubleOrder: what decides comes first, what nobody judges last.
func TestTroubleOrder(t *testing.T) {
	own, ext, waived := core("own", Fail), core("ext", Fail), core("waived", Fail)
	own.Judged, ext.Level, waived.Waiver = false, Ext, &Waiver{Reason: "known"}
	r := run(own, waived, ext, core("unsure", Inconclusive), core("pass", Pass), core("fail", Fail))
	if got := strings.Join(ids(r.trouble()), " "); got != "fail unsure ext waived own" {
		t.Error(got)
	}
}
