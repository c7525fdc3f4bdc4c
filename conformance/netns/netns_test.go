// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"context"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/internal/plugins"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

var only = flag.String("ids", "", "only these specs and mutants, with commas between")

func TestMain(m *testing.M) {
	if code, child := Child(context.Background()); child {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// world is a chain that does everything that its intents ask for.
type world struct {
	name   string
	change func(*conformance.Setup)
	intent render.IntentSpec
}

func hostPorts(exposure string, masqAll *bool) *render.HostPorts {
	return &render.HostPorts{Exposure: exposure, MasqAll: masqAll}
}

var worlds = []world{
	{
		"private", nil,
		render.IntentSpec{HostPorts: hostPorts(render.Private, new(bool)), IPv6LinkLocal: render.Disabled, Sysctls: map[string]string{"net.ipv6.conf.all.disable_ipv6": "1"}},
	},
	{
		"public", func(s *conformance.Setup) {
			s.Data = conformance.Chain(conformance.PublicTerway, conformance.PlainPortmap)
		},
		render.IntentSpec{HostPorts: hostPorts(render.Public, nil), IPv6LinkLocal: render.Kernel},
	},
	{
		"masqAll", func(s *conformance.Setup) {
			s.Data = conformance.Chain(conformance.PlainTerway, `{"type":"portmap","capabilities":{"portMappings":true},"masqAll":true}`)
		},
		render.IntentSpec{HostPorts: hostPorts(render.Private, ptr(true))},
	},
	{
		"nftables", func(s *conformance.Setup) {
			s.Data, s.Facts.KubeProxyMode = conformance.Chain(conformance.PlainTerway, conformance.NftPortmap), terway.KubeProxyNftables
		},
		render.IntentSpec{HostPorts: &render.HostPorts{Exposure: render.Private, Backend: cni.Nftables}},
	},
	{
		"dual", func(s *conformance.Setup) {
			s.Data, s.Facts.IPStack = conformance.Chain(conformance.PlainTerway, conformance.PlainPortmap), terway.IPStackDual
		},
		render.IntentSpec{HostPorts: hostPorts(render.Private, nil)},
	},
	{
		"dual masqAll", func(s *conformance.Setup) {
			s.Data = conformance.Chain(conformance.PlainTerway, `{"type":"portmap","capabilities":{"portMappings":true},"masqAll":true}`)
			s.Facts.IPStack = terway.IPStackDual
		},
		render.IntentSpec{HostPorts: hostPorts(render.Private, ptr(true))},
	},
	{
		"datapath v2", func(s *conformance.Setup) {
			v2 := `{"type":"terway","capabilities":{"bandwidth":true},"eniip_virtual_type":"datapathv2","host_stack_cidrs":["169.254.20.10/32"],"symmetric_routing":true}`
			s.Data = conformance.Chain(v2, `{"type":"portmap","capabilities":{"portMappings":true},"masqAll":true}`)
			s.Facts.Terway.Datapath = terway.DatapathV2
		},
		render.IntentSpec{HostPorts: hostPorts(render.Public, ptr(true))},
	},
	{
		"sysctls", func(s *conformance.Setup) {
			s.Data = conformance.Chain(conformance.PlainTerway, sysctls(oddSysctls))
		},
		render.IntentSpec{Sysctls: oddSysctls},
	},
}

func ptr[T any](v T) *T { return &v }

// TestSpecs runs every spec in every world whose intent asks for it; all must pass, and each must run somewhere.
func TestSpecs(t *testing.T) {
	available := labs(t)
	ran := map[string]bool{}
	for i, w := range worlds {
		setup := conformance.DefaultSetup()
		if w.change != nil {
			w.change(&setup)
		}
		plan := conformance.Plan{Setup: setup, Intent: w.intent}
		for _, spec := range conformance.Specs() {
			asked := spec.For.Asked(w.intent, setup.Facts.IPStack == terway.IPStackDual)
			if wanted(spec.ID) && (spec.Own && i == 0 || !spec.Own && asked) {
				plan.Specs = append(plan.Specs, spec.ID)
			}
		}
		t.Run(w.name, func(t *testing.T) { available.run(t, plan, ran) })
	}
	for _, spec := range conformance.Specs() {
		onCluster := slices.ContainsFunc(spec.Needs, func(f conformance.Feature) bool { return slices.Contains(clusterOnly, f) })
		if wanted(spec.ID) && !ran[spec.ID] && !onCluster {
			t.Errorf("%s passed in no world", spec.ID)
		}
	}
}

// clusterOnly are features that no lab has; the clusters' own tests run what needs them.
var clusterOnly = []conformance.Feature{conformance.Kubelet, conformance.Nodes, conformance.NodeLists, conformance.Before}

// TestMutants breaks worlds on purpose; the specs must notice, for the expected reason.
func TestMutants(t *testing.T) {
	available := labs(t)
	var plan conformance.Plan
	for _, m := range conformance.Mutants() {
		if wanted(m.ID) && m.Equivalent == "" {
			plan.Mutants = append(plan.Mutants, m.ID)
		}
	}
	available.run(t, plan, nil)
}

// TestEquivalent: what is said to behave as the lab's default passes what the default passes.
func TestEquivalent(t *testing.T) {
	available := labs(t)
	for _, m := range conformance.Mutants() {
		if m.Equivalent == "" {
			continue
		}
		plan := conformance.Plan{Setup: conformance.DefaultSetup(), Intent: worlds[0].intent}
		m.Break(&plan.Setup)
		for _, spec := range conformance.Specs() {
			if spec.Level == conformance.Core && !spec.Own && spec.For.Asked(plan.Intent, false) {
				plan.Specs = append(plan.Specs, spec.ID)
			}
		}
		t.Run(m.ID, func(t *testing.T) { available.run(t, plan, map[string]bool{}) })
	}
}

func wanted(id string) bool { return *only == "" || slices.Contains(strings.Split(*only, ","), id) }

type lab struct {
	rootless bool
	plugins  Plugins
}

// labs skips a test where labs cannot be made.
func labs(t *testing.T) lab {
	t.Helper()
	if testing.Short() {
		t.Skip("labs take their time")
	}
	rootless, err := Available(t.Context())
	if err != nil {
		t.Skip(err)
	}
	l := lab{rootless, Plugins{}}
	for _, release := range plugins.Releases {
		if l.plugins[release], err = plugins.Dir(t.Context(), release); err != nil {
			t.Skip(err)
		}
	}
	return l
}

func (l lab) run(t *testing.T, plan conformance.Plan, passed map[string]bool) {
	t.Helper()
	if len(plan.Specs)+len(plan.Mutants) == 0 {
		return
	}
	seen := 0
	err := Run(t.Context(), plan, l.plugins, l.rootless, func(e conformance.Event) {
		switch {
		case e.Spec != nil:
			seen++
			t.Logf("%s %s %.0f ms %s", e.Spec.ID, e.Spec.Outcome, e.Spec.Seconds*1000, e.Spec.Reason)
			if e.Spec.Outcome == report.Pass {
				passed[e.Spec.ID] = true
			} else if e.Spec.Outcome != report.NotApplicable {
				t.Errorf("%s %s: %s (%s) %s", e.Spec.ID, e.Spec.Outcome, e.Spec.Code, e.Spec.Reason, e.Spec.Hint)
			}
		case e.Mutant != nil:
			seen++
			t.Logf("%s %s %.0f ms %s", e.Mutant.ID, e.Mutant.Outcome, e.Mutant.Seconds*1000, e.Mutant.Reason)
			if e.Mutant.Outcome != report.Pass && e.Mutant.Outcome != report.NotApplicable {
				t.Errorf("%s %s: %s", e.Mutant.ID, e.Mutant.Outcome, e.Mutant.Reason)
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
	if want := len(plan.Specs) + len(plan.Mutants); seen != want {
		t.Errorf("%d of %d specs and mutants came to an end", seen, want)
	}
}
