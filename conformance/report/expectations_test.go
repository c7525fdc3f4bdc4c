// SPDX-License-Identifier: Apache-2.0

package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var today = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestExpectations(t *testing.T) {
	own := core("OWN-1", Fail)
	own.Judged = false
	specs := []Spec{core("A-1", Pass), core("A-2", Fail), core("B-1", Inconclusive), core("B-2", Skipped), core("C-1", NotApplicable), own}
	for name, c := range map[string]struct {
		text   string
		waived string // the specs that are accepted
		wrong  string // what is said of the entries
	}{
		"one fails":            {"- {id: A-2, status: fail, reason: known}", "A-2", ""},
		"until today":          {"- {id: A-2, status: fail, reason: known, expires: 2026-11-24}", "A-2", ""},
		"a pattern":            {"- {id: 'B-*', status: inconclusive, reason: known}", "B-1", "k.yaml:1: the entry B-* accepts inconclusive, and not B-2 skipped"},
		"pattern and spec":     {"- {id: 'B-*', status: inconclusive, reason: known}\n- {id: B-2, status: skipped, reason: known}", "B-1 B-2", ""},
		"both":                 {"- {id: B-1, status: inconclusive, reason: known}\n- {id: B-2, status: skipped, reason: known}", "B-1 B-2", ""},
		"a pass is stale":      {"- {id: A-1, status: fail, reason: known}", "", "k.yaml:1: A-1 passes, so the entry A-1 is stale: delete it"},
		"a pattern with pass":  {"- {id: A-*, status: fail, reason: known}", "A-2", "k.yaml:1: A-1 passes, so the entry A-* is stale: delete it"},
		"expired":              {"- {id: A-2, status: fail, reason: known, expires: 2026-11-23}", "", "k.yaml:1: A-2 expired on 2026-11-23"},
		"nothing":              {"- {id: A-3, status: fail, reason: known}", "", "k.yaml:1: A-3 matches no spec of this run: delete or correct the entry; did you mean A-1?"},
		"not judged":           {"- {id: OWN-1, status: fail, reason: known}", "", "k.yaml:1: OWN-1 is not judged in this run"},
		"another outcome":      {"- {id: A-2, status: skipped, reason: known}", "", "k.yaml:1: the entry A-2 accepts skipped, and not A-2 fail"},
		"not applicable":       {"- {id: C-1, status: fail, reason: known}", "", ""},
		"letters of a pattern": {"- {id: 'A.2', status: fail, reason: known}", "", "k.yaml:1: A.2 matches no spec"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := ParseExpectations("k.yaml", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			r := run(append([]Spec{}, specs...)...)
			for range 2 { // a second time changes nothing
				e.Apply(r, today)
			}
			waived := r.where(func(s *Spec) bool { return s.Waiver != nil })
			if got := strings.Join(ids(waived), " "); got != c.waived {
				t.Errorf("accepted %q, want %q", got, c.waived)
			}
			if got := strings.Join(r.Expectations, "\n"); !strings.HasPrefix(got, c.wrong) || (got != "") != (c.wrong != "") {
				t.Errorf("said %q, want %q", got, c.wrong)
			}
		})
	}
}

// TestExpectationsVerdict: an accepted failure lets the word be GO, and the reasons say it.
func TestExpectationsVerdict(t *testing.T) {
	e, err := ParseExpectations("k.yaml", []byte("- id: B\n  status: fail\n  reason: known since v1.2\n  link: https://issues.example.com/1\n  expires: 2027-01-31\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := run(core("A", Pass), core("B", Fail))
	e.Apply(r, today)
	r.Verdict = Judge(r)
	if r.Verdict.Word != Go || r.Verdict.Exit != 0 || r.Headline() != "GO with 1 waiver" || r.Verdict.Reasons[1] != "B fails, accepted until 2027-01-31: known since v1.2" {
		t.Errorf("%s: %+v", r.Headline(), r.Verdict)
	}
	e.Apply(r, today.AddDate(1, 0, 0))
	if v := Judge(r); v.Word != NoGo || v.Reasons[len(v.Reasons)-1] != "expectations: k.yaml:1: B expired on 2027-01-31, so its outcome counts again: repair it, or extend the entry with a reason" {
		t.Errorf("a year later: %+v", v)
	}
	(*Expectations)(nil).Apply(r, today)
	if r.Expectations != nil || r.Specs[1].Waiver != nil {
		t.Errorf("no expectations: %v %v", r.Expectations, r.Specs[1].Waiver)
	}
}

// TestExpectationsMistakes are told with file and line, all at once.
func TestExpectationsMistakes(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no YAML":        {"- id: [", "k.yaml"},
		"no list":        {"id: A", `k.yaml:1: this is no list: write entries that begin with "- id: HP-006"`},
		"empty":          {"", "k.yaml: it has no entries"},
		"empty list":     {"[]", "k.yaml: it has no entries"},
		"no mapping":     {"- HP-006", "k.yaml:1: an entry is a mapping with id, status and reason"},
		"unknown field":  {"- id: A\n  status: fail\n  reason: b\n  expire: 2027-01-01", `k.yaml:4: an entry has no field "expire"; did you mean expires?`},
		"twice":          {"- id: A\n  id: B", `k.yaml:2:3: the key "id" stands here twice, first in line 1`},
		"no id":          {"- status: fail\n  reason: b", "k.yaml:1: the entry has no id: write which spec it is about, such as HP-006 or UDP-*"},
		"no status":      {"- id: A\n  reason: b", "k.yaml:1: the entry has no status: write which outcome is accepted: fail, inconclusive or skipped"},
		"no reason":      {"- id: A\n  status: fail\n  reason: ''", "k.yaml:1: the entry has no reason: write why the outcome is accepted"},
		"status":         {"- {id: A, status: failed, reason: b}", `k.yaml:1: status "failed" cannot be accepted; did you mean fail?`},
		"status pass":    {"- {id: A, status: passing, reason: b}", `k.yaml:1: status "passing" cannot be accepted; known are fail, inconclusive, skipped`},
		"date":           {"- {id: A, status: fail, reason: b, expires: 31.1.2027}", `k.yaml:1: expires: "31.1.2027" is no date: write it as 2027-01-31`},
		"no text":        {"- id: [A]\n  status: fail\n  reason: b", "k.yaml:1: id must be a text"},
		"the same twice": {"- {id: A, status: fail, reason: b}\n- {id: A, status: fail, reason: c}", "k.yaml:2: A has this entry already, in line 1: keep one"},
		"several":        {"- {id: A, status: x, reason: b}\n- {id: B, stat: fail, reason: c}", "k.yaml:2: the entry has no status"},
		"binary":         {"\x00", "k.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := ParseExpectations("k.yaml", []byte(c.text))
			if err == nil || e != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestReadExpectations(t *testing.T) {
	file := filepath.Join(t.TempDir(), "known.yaml")
	if _, err := ReadExpectations(file); err == nil || !strings.HasPrefix(err.Error(), "read "+file) {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte("# none of ours\n- {id: A, status: fail, reason: b}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadExpectations(file); err != nil {
		t.Error(err)
	}
}

func FuzzParseExpectations(f *testing.F) {
	f.Add("- id: HP-006\n  status: fail\n  reason: known\n  expires: 2027-01-31\n")
	f.Add("- &a {id: 'U*', status: skipped, reason: b}\n- *a\n")
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseExpectations("k.yaml", []byte(text))
		if err != nil {
			return
		}
		r := run(core("HP-006", Fail), core("UDP-001", Pass))
		e.Apply(r, today)
		if len(e.entries) == 0 {
			t.Error("no error, and no entries")
		}
	})
}
