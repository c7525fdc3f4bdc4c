// SPDX-License-Identifier: Apache-2.0

// Command bench measures whole processes of chainlint against stated bounds. Where it can, it measures a
// ratio: chainlint and the baseline take turns, so whatever else the machine does meets both. Bounds are
// flags, for machines that are noisier still.
//
//	go run ./internal/bench
//
// It exits with 1 when a bound is exceeded, with 3 when it could not measure.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// benchmark measures a, and the baseline b where there is one.
type benchmark struct {
	name string
	// warmUps are runs that do not count: they fill the caches of files.
	warmUps, runs int
	a             process
	b             *process
	// maxRatio bounds the median of a/b; where there is no b, maxMemory bounds the largest memory of a, or
	// maxTime its median.
	maxRatio  float64
	maxTime   time.Duration
	maxMemory float64
	// skip is why it cannot be measured here.
	skip string
}

// bounds are what the flags set; memory is in MiB.
type bounds struct {
	coldStart, kustomize, grep, kubeconform, memory float64
	check, file                                     time.Duration
}

// Exit codes.
const (
	exitExceeded    = 1
	exitNotMeasured = 3
)

// row is the layout of the table.
const row = "%s\t%v\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n"

func main() {
	var most bounds
	flag.Float64Var(&most.coldStart, "cold-start", 2.5, "bound of chainlint/noop, one eni-config")
	flag.Float64Var(&most.kustomize, "kustomize", 1.05, "bound of chainlint/noop, kustomize build of 1,000 resources")
	flag.DurationVar(&most.check, "check", 300*time.Millisecond, "bound of chainlint render --check of all examples")
	flag.Float64Var(&most.grep, "grep", 2, "bound of chainlint lint/grep, repository of 20,000 files")
	flag.Float64Var(&most.kubeconform, "kubeconform", 0.05, "bound of chainlint lint/kubeconform, same repository")
	flag.Float64Var(&most.memory, "memory", 64, "bound of the memory of chainlint lint in MiB, same repository")
	flag.DurationVar(&most.file, "file", 10*time.Millisecond, "bound of chainlint lint of one file")
	flag.Parse()
	exceeded, err := run(most, os.Stdout)
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(exitNotMeasured)
	}
	if exceeded {
		os.Exit(exitExceeded)
	}
}

// run prints the table; the temporary files are gone when it returns.
func run(most bounds, stdout io.Writer) (exceeded bool, err error) {
	work, err := os.MkdirTemp("", "chainlint-bench-")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	benchmarks, err := prepare(work, most)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(stdout, "%s %s/%s, %d CPUs; wall times in ms\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, row, "benchmark", "runs", "chainlint min", "median", "baseline min", "median", "measured", "bound", "")
	for _, b := range benchmarks {
		if b.skip != "" {
			fmt.Fprintf(table, row, b.name, 0, "-", "-", "-", "-", "-", "-", "skipped: "+b.skip)
			continue
		}
		fmt.Fprintf(os.Stderr, "bench: %s, %d runs\n", b.name, b.runs)
		s, err := b.measure()
		if err != nil {
			return false, fmt.Errorf("%s: %w", b.name, err)
		}
		exceeded = b.report(table, s) || exceeded
	}
	return exceeded, table.Flush()
}

// report prints what was measured, and tells whether it exceeds the bound.
func (b benchmark) report(w io.Writer, s sample) (exceeded bool) {
	baseMin, baseMedian := "-", "-"
	var measured, bound string
	switch {
	case b.b != nil:
		ratio := median(s.ratios())
		baseMin, baseMedian = millis(slices.Min(s.b)), millis(median(s.b))
		measured, bound = fmt.Sprintf("%.3f", ratio), fmt.Sprintf("%.3f", b.maxRatio)
		exceeded = ratio > b.maxRatio
	case b.maxMemory > 0:
		most := slices.Max(s.memory)
		measured, bound = fmt.Sprintf("%.1f MiB", most), fmt.Sprintf("%.1f MiB", b.maxMemory)
		exceeded = most > b.maxMemory
	default:
		measured, bound = millis(median(s.a))+" ms", millis(b.maxTime)+" ms"
		exceeded = median(s.a) > b.maxTime
	}
	verdict := "ok"
	if exceeded {
		verdict = "EXCEEDED"
	}
	fmt.Fprintf(w, row, b.name, b.runs, millis(slices.Min(s.a)), millis(median(s.a)), baseMin, baseMedian, measured, bound, verdict)
	return exceeded
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond))
}
