// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
)

// Sample is a question that is asked all the time.
type Sample struct {
	Name string `json:"name"`
	// Request that is repeated. Stay: on one connection of TCP.
	Request probe.Request `json:"request"`
	Stay    bool          `json:"stay,omitempty"`
	Every   time.Duration `json:"every"`
	// Identity of who has to answer.
	Identity string `json:"identity"`
}

// Sampled is what became of a sample.
type Sampled struct {
	Name string
	// Asked is how often, Answered by whom it was to be, Broken how many connections that stayed were lost.
	Asked, Answered, Broken int
	Gaps                    []Gap
	// failing: the last question was not answered.
	failing bool
}

// Gap is a time without answers.
type Gap struct {
	From, To time.Time
	Why      string
}

func (g Gap) String() string {
	return fmt.Sprintf("%.1f s from %s on (%s)", g.To.Sub(g.From).Seconds(), g.From.UTC().Format(time.TimeOnly), g.Why)
}

// sample begins what the configuration asks for.
func (s *Service) sample(samples []Sample) {
	for _, wanted := range samples {
		found := &Sampled{Name: wanted.Name}
		s.sampled = append(s.sampled, found)
		go s.repeat(wanted, found)
	}
}

func (s *Service) repeat(wanted Sample, found *Sampled) {
	ticks := time.NewTicker(wanted.Every)
	defer ticks.Stop()
	talk := probe.Conversation{To: wanted.Request.To}
	defer talk.Close()
	ask := func(ctx context.Context) probe.Result {
		if wanted.Stay {
			return talk.Ask(ctx, wanted.Request.Limit)
		}
		return wanted.Request.Do(ctx)
	}
	for {
		begin := time.Now()
		got := ask(s.ctx)
		s.lock.Lock()
		found.note(got, wanted.Identity, begin, time.Now())
		found.Broken = talk.Broken
		s.lock.Unlock()
		select {
		case <-s.ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// note counts a result. Failures that follow each other are one gap, whatever their reasons.
func (f *Sampled) note(got probe.Result, identity string, begin, end time.Time) {
	f.Asked++
	why := ""
	switch {
	case got.Outcome != probe.Answered:
		why = string(got.Outcome)
	case got.Reply.Identity != identity:
		why = "somebody else answered"
	}
	if why == "" {
		f.Answered++
		f.failing = false
		return
	}
	if f.failing {
		last := &f.Gaps[len(f.Gaps)-1]
		last.To = end
		if !strings.Contains(last.Why, why) {
			last.Why += ", " + why
		}
		return
	}
	f.failing = true
	f.Gaps = append(f.Gaps, Gap{begin, end, why})
}

// Sampled tells what was found so far.
func (s *Service) Sampled(_ Nothing, all *List[Sampled]) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	for _, found := range s.sampled {
		copied := *found
		copied.Gaps = slices.Clone(found.Gaps)
		all.All = append(all.All, copied)
	}
	return nil
}
