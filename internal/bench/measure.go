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

// sample holds wall times, those with the same index a pair, and the memory of a in MiB.
type sample struct {
	a, b   []time.Duration
	memory []float64
}

// usage is what one run took.
type usage struct {
	time   time.Duration
	memory float64
}

// measure lets a and b take turns.
func (b benchmark) measure() (sample, error) {
	var s sample
	for i := -b.warmUps; i < b.runs; i++ {
		var took, base usage
		took, err := b.a.run()
		if err == nil && b.b != nil {
			base, err = b.b.run()
		}
		if err != nil {
			return sample{}, err
		}
		if i >= 0 {
			s.a, s.b, s.memory = append(s.a, took.time), append(s.b, base.time), append(s.memory, took.memory)
		}
	}
	return s, nil
}

// run is one run, with pipes as a host has them.
func (p process) run() (usage, error) {
	cmd := exec.Command(p.args[0], p.args[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = p.dir, bytes.NewReader(p.stdin), &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	took := usage{time.Since(start), peak(cmd.ProcessState)}
	if err != nil {
		return usage{}, fmt.Errorf("%s: %w\n%s", strings.Join(p.args, " "), err, &stderr)
	}
	for _, want := range p.want {
		if !bytes.Contains(stdout.Bytes(), []byte(want)) {
			return usage{}, fmt.Errorf("%s: no %q in what it printed\n%s", strings.Join(p.args, " "), want, &stderr)
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
