// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"
	"sync"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
)

// samples are one question, asked again and again.
type samples []sampled

type sampled struct {
	probe.Result
	at time.Time
}

// sampleInterval is how often a pod is asked.
const sampleInterval = 100 * time.Millisecond

// sample asks a pod all the time, until stop is called, or the spec ends.
func (t *T) sample(pod Pod, port Port, a Ask) (stop func() samples) {
	from, request := t.place(a, pod), a.Shape
	request.Protocol, request.To, request.Limit = a.Protocol, t.target(a, port, pod), answerLimit
	done, result := make(chan struct{}), make(chan samples, 1)
	go func() {
		var all samples
		for {
			select {
			case <-done:
				result <- all
				return
			case <-time.After(sampleInterval):
			}
			got, err := from.Probe(t, request)
			if err != nil {
				got = []probe.Result{{Outcome: probe.Unreachable, Error: err.Error()}}
			}
			for _, r := range got {
				all = append(all, sampled{r, time.Now()})
			}
		}
	}()
	end := sync.OnceFunc(func() { close(done) })
	t.Cleanup(end)
	return func() samples {
		end()
		all := <-result
		t.record.evidence += len(all)
		return all
	}
}

// lost are the outcomes of questions that nobody answered, each once.
func (all samples) lost() []string {
	var lost []string
	for _, s := range all {
		if s.Outcome != probe.Answered {
			lost = append(lost, string(s.Outcome))
		}
	}
	slices.Sort(lost)
	return slices.Compact(lost)
}

// gap is the longest time between two answers.
func (all samples) gap() time.Duration {
	var longest time.Duration
	var last time.Time
	for _, s := range all {
		if s.Outcome != probe.Answered {
			continue
		}
		if !last.IsZero() {
			longest = max(longest, s.at.Sub(last))
		}
		last = s.at
	}
	return longest
}
