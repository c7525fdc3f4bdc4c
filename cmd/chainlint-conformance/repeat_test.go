// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/conformance/netns"
	"github.com/chainlint/chainlint/conformance/report"
)

var (
	runs = flag.Int("runs", 2, "how many runs of one chain must agree, two at a time")
	full = flag.Bool("full", false, "run every chain of the rules' pages, not a part of them")
)

// TestRunsAgree: the same chain gives the same outcomes, also while another run keeps the machine busy.
func TestRunsAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("labs take their time")
	}
	if _, err := netns.Available(t.Context()); err != nil {
		t.Skip(err)
	}
	var first []string
	for range (*runs + 1) / 2 {
		both := make(chan []string, 2)
		for range 2 {
			dir := t.TempDir()
			go func() { both <- outcomesOf(t, dir) }()
		}
		for range 2 {
			got := <-both
			if first == nil {
				first = got
			}
			if !slices.Equal(got, first) {
				t.Errorf("two runs differ:\n%s\n%s", strings.Join(first, "\n"), strings.Join(got, "\n"))
			}
		}
	}
}

// outcomesOf a run of one overlay.
func outcomesOf(t *testing.T, dir string) []string {
	overlay := filepath.Join("..", "..", "examples", "overlays", "host-ports-and-no-link-local")
	code := run(t.Context(), []string{"run", "--overlay", overlay, "--report", dir}, strings.NewReader(""), io.Discard, io.Discard)
	r, err := report.Read(filepath.Join(dir, report.JSONFile))
	if err != nil {
		t.Error(err)
		return nil
	}
	all := []string{fmt.Sprint("exit ", code)}
	for _, s := range r.Specs {
		all = append(all, fmt.Sprint(s.ID, " ", s.Outcome, " ", s.Code, " ", s.Reason))
	}
	return all
}
