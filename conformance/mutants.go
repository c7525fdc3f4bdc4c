// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/render"
)

// Mutant is a chain or a world that is broken on purpose. A suite that does not notice proves nothing.
type Mutant struct {
	ID   string
	Name string
	// Break breaks the lab's default.
	Break func(*Setup)
	// Everywhere: Break breaks the worlds that specs bring along, too.
	Everywhere bool
	// Kills are the specs that must notice, each with the code of the reason.
	Kills []Kill
	// Equivalent says why nothing can notice, "" for all that must be noticed.
	Equivalent string
	// Needs are features without which the mutant cannot be made.
	Needs []Feature
	// Cluster: it is worth its time on a cluster, too, where replacing a chain takes seconds: it shows that what a
	// kubelet and a runtime make of a broken chain is noticed. Network namespaces show the others.
	Cluster bool
}

// Kill is how a spec notices a mutant.
type Kill struct {
	Spec    string
	Outcome report.Outcome
	Code    string
}

func fails(code string, specs ...string) []Kill {
	var all []Kill
	for _, id := range specs {
		all = append(all, Kill{id, report.Fail, code})
	}
	return all
}

func inconclusive(code string, specs ...string) []Kill {
	var all []Kill
	for _, id := range specs {
		all = append(all, Kill{id, report.Inconclusive, code})
	}
	return all
}

// chain replaces the entries behind Terway's.
func chain(entries ...string) func(*Setup) {
	return func(s *Setup) { s.Data = Chain(append([]string{PlainTerway}, entries...)...) }
}

func tuning(keys ...string) string {
	var members []string
	for _, k := range keys {
		members = append(members, fmt.Sprintf("%q:\"1\"", k))
	}
	return `{"type":"tuning","sysctl":{` + strings.Join(members, ",") + `}}`
}

// Mutants in the order of the catalogue.
func Mutants() []Mutant {
	all := slices.Concat(mutants, lifecycleMutants, packetMutants, linkLocalMutants)
	slices.SortFunc(all, func(a, b Mutant) int { return strings.Compare(a.ID, b.ID) })
	return all
}

var mutants = []Mutant{
	{ID: "NC-01", Name: "no portmap in the chain", Break: chain(NoLinkLocal), Kills: fails("refused", "HP-001", "HP-006", "HP-012"), Cluster: true},
	{ID: "NC-02", Name: "portmap without capabilities", Break: chain(`{"type":"portmap"}`), Kills: fails("refused", "HP-001", "HP-006", "HP-012")},
	{ID: "NC-03", Name: "the capability is spelled wrong", Break: chain(`{"type":"portmap","capabilities":{"portMapping":true}}`), Kills: fails("refused", "HP-001", "HP-006", "HP-012")},
	{ID: "NC-04", Name: "portmap with snat: false", Break: chain(`{"type":"portmap","capabilities":{"portMappings":true},"snat":false}`), Kills: fails("timeout", "HP-006", "HP-008"), Cluster: true},
	{ID: "NC-05", Name: "a mark chain, and nobody masquerades", Break: func(s *Setup) { chain(MarkPortmap)(s); s.Sabotage.NoMasquerade = true }, Kills: fails("timeout", "HP-006", "HP-008")},
	{ID: "NC-55", Name: "another backend than the intent names", Break: chain(NftPortmap), Kills: fails("not-set", "INT-001")},
	{ID: "NC-56", Name: "IPv6 is switched off, and the intent says that the kernel decides", Break: chain(PlainPortmap, NoLinkLocal), Kills: fails("ipv6-off", "LL-033")},
	{ID: "NC-16", Name: "a rogue listener that speaks the protocol without the nonce", Break: func(s *Setup) { s.Sabotage.Manner = probe.Rogue }, Kills: fails("wrong-answer", "HP-001", "HP-012"), Cluster: true},
	{ID: "NC-17", Name: "a server that is silent on UDP", Break: func(s *Setup) { s.Sabotage.Manner = probe.Silent }, Kills: fails("timeout", "HP-012")},
	{ID: "NC-18", Name: "no probe reaches anybody, and none fails", Break: func(s *Setup) { s.Sabotage.NoPods = true }, Kills: inconclusive("evidence", "HP-001", "HP-012")},
	{ID: "NC-19", Name: "the transport of probes is broken", Break: func(s *Setup) { s.Sabotage.Mute = true }, Kills: inconclusive("transport", "HP-001", "HP-021"), Cluster: true},
	{ID: "NC-20", Name: "the way from outside to the node is blocked", Break: func(s *Setup) { s.Sabotage.Blocked = true }, Kills: inconclusive("path-blocked", "HP-001", "HP-012"), Cluster: true},
}

// FindMutant returns the mutant with that ID, nil for none.
func FindMutant(id string) *Mutant {
	all := Mutants()
	for i := range all {
		if all[i].ID == id {
			return &all[i]
		}
	}
	return nil
}

// mutantIntent asks for everything that mutants break.
var mutantIntent = render.IntentSpec{HostPorts: &render.HostPorts{Exposure: render.Public, Backend: cni.Iptables}, IPv6LinkLocal: render.Disabled, Sysctls: map[string]string{loIPv6: "1"}}

// RunMutant breaks a world and runs the specs that must notice; brief: only the first of them.
func RunMutant(ctx context.Context, opener Opener, m *Mutant, brief bool) report.Mutant {
	start := time.Now()
	result := report.Mutant{ID: m.ID, Name: m.Name}
	if brief {
		shorter := *m
		shorter.Kills = m.Kills[:1]
		m = &shorter
	}
	for _, k := range m.Kills {
		result.Expected = append(result.Expected, k.Spec+" "+k.Code)
	}
	result.Outcome, result.KilledBy, result.Reason = m.run(ctx, opener)
	result.Seconds = time.Since(start).Seconds()
	return result
}

func (m *Mutant) run(ctx context.Context, opener Opener) (report.Outcome, []string, string) {
	setup := DefaultSetup()
	m.Break(&setup)
	env, err := opener.Open(ctx, setup)
	var unsupported *Unsupported
	if errors.As(err, &unsupported) {
		return report.NotApplicable, nil, err.Error()
	}
	if err != nil {
		return report.Inconclusive, nil, err.Error()
	}
	s := &Session{Env: env, Opener: opener, Setup: setup, Intent: mutantIntent}
	if m.Everywhere {
		s.Opener = breaking{opener, m.Break}
	}
	outcome, killed, why := m.hunt(ctx, s)
	if err := s.Close(context.WithoutCancel(ctx)); err != nil && outcome == report.Pass {
		return report.Inconclusive, killed, "what was broken is not mended: " + err.Error()
	}
	return outcome, killed, why
}

// hunt runs the specs that must notice the mutant in its world.
func (m *Mutant) hunt(ctx context.Context, s *Session) (report.Outcome, []string, string) {
	for _, f := range m.Needs {
		if why := s.Env.Missing(f); why != "" {
			return report.NotApplicable, nil, why
		}
	}
	var killed, lacking []string
	for _, k := range m.Kills {
		got := Run(ctx, s, Find(k.Spec))
		if got.Outcome == report.NotApplicable && strings.HasPrefix(got.Code, missingCode) {
			lacking = append(lacking, k.Spec+": "+got.Reason)
			continue
		}
		if got.Outcome != k.Outcome || got.Code != k.Code {
			return report.Fail, killed, fmt.Sprintf("%s had to say %s (%s), and said %s (%s): %s", k.Spec, k.Outcome, k.Code, got.Outcome, got.Code, got.Reason)
		}
		killed = append(killed, k.Spec+" "+k.Code)
	}
	if killed == nil {
		return report.NotApplicable, nil, strings.Join(lacking, "; ")
	}
	return report.Pass, killed, ""
}

// mutants makes a spec of each: it passes if the mutant is killed for the expected reason.
func (s *suite) mutants(ctx context.Context) {
	for _, id := range s.plan.Mutants {
		ginkgo.It(id, ginkgo.Label(id), func() {
			s.emit(Event{Started: id})
			got := RunMutant(ctx, s.opener, FindMutant(id), s.plan.Brief)
			s.emit(Event{Mutant: &got})
			if got.Outcome == report.Fail {
				ginkgo.Fail(got.Reason)
			}
		})
	}
}
