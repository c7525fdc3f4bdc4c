// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// process is a command line that is measured from its start to its end.
type process struct {
	dir   string
	args  []string
	stdin []byte
	// want is what its output must contain: a function that fails fast is not a fast function.
	want []string
}

// sample holds wall times; those with the same index are a pair.
type sample struct{ a, b []time.Duration }

// warmUps are runs that do not count: they fill the caches of files.
const warmUps = 2

// measure lets a and b take turns.
func (b benchmark) measure() (sample, error) {
	var s sample
	for i := -warmUps; i < b.runs; i++ {
		var took, base time.Duration
		took, err := b.a.run()
		if err == nil && b.b != nil {
			base, err = b.b.run()
		}
		if err != nil {
			return sample{}, err
		}
		if i >= 0 {
			s.a, s.b = append(s.a, took), append(s.b, base)
		}
	}
	return s, nil
}

// run is one run, with pipes as a host has them.
func (p process) run() (time.Duration, error) {
	cmd := exec.Command(p.args[0], p.args[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.dir, bytes.NewReader(p.stdin), &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", strings.Join(p.args, " "), err, &stderr)
	}
	for _, want := range p.want {
		if !bytes.Contains(stdout.Bytes(), []byte(want)) {
			return 0, fmt.Errorf("%s: no %q in what it printed\n%s", strings.Join(p.args, " "), want, &stderr)
		}
	}
	return took, nil
}

func (s sample) ratios() []float64 {
	rs := make([]float64, len(s.a))
	for i := range rs {
		rs[i] = float64(s.a[i]) / float64(s.b[i])
	}
	return rs
}

func median[T time.Duration | float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}
