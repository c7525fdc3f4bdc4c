// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"context"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/internal/image"
	"github.com/chainlint/chainlint/internal/plugins"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

var (
	wanted = flag.Bool("kind", false, "make a kind cluster, which takes a container engine and minutes")
	keep   = flag.Bool("keep", false, "leave it, and take one that was left")
)

func TestMain(m *testing.M) {
	if Child(context.Background()) {
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// build builds the programs that go to nodes, as make build does.
func build(t *testing.T) image.Programs {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", dir+"/", "../../cmd/chainlint", "../../cmd/chainlint-conformance")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return image.Programs{Chainlint: filepath.Join(dir, "chainlint"), Conformance: filepath.Join(dir, "chainlint-conformance")}
}

// made is a cluster for all tests, and where its plugins are.
func made(t *testing.T) (*Cluster, func(string) (string, error)) {
	t.Helper()
	if !*wanted {
		t.Skip("a kind cluster is made with -kind only")
	}
	if err := Available(t.Context()); err != nil {
		t.Skip(err)
	}
	dir, err := plugins.Dir(t.Context(), setup.Facts.PluginVersion(cni.Portmap))
	if err != nil {
		t.Skip(err)
	}
	c, err := Create(t.Context(), Options{KubeProxyMode: terway.KubeProxyIptables, IPStack: "ipv4", Programs: build(t), Keep: *keep, Say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c, func(string) (string, error) { return dir, nil }
}

var setup = conformance.DefaultSetup()

// TestCluster makes one cluster, which all that takes a cluster is tried on.
func TestCluster(t *testing.T) {
	c, plugins := made(t)
	t.Run("rollouts", func(t *testing.T) { rollouts(t, c, plugins) })
	t.Run("datapath", func(t *testing.T) { datapath(t, c, plugins) })
	t.Run("any cluster", func(t *testing.T) { anyCluster(t, c, plugins) })
}

// datapath: on Datapath V2 host ports take masqAll, and pods' own packets do not mind.
func datapath(t *testing.T, c *Cluster, plugins func(string) (string, error)) {
	const v2 = `{"type":"terway","capabilities":{"bandwidth":true},"eniip_virtual_type":"datapathv2","host_stack_cidrs":["169.254.20.10/32"]}`
	yes := true
	for portmap, want := range map[string]report.Outcome{
		`{"type":"portmap","capabilities":{"portMappings":true},"masqAll":true}`: report.Pass, conformance.PlainPortmap: report.Fail,
	} {
		plan := conformance.Plan{Setup: setup, Intent: render.IntentSpec{HostPorts: &render.HostPorts{Exposure: render.Private, MasqAll: &yes}}, Specs: []string{"CHN-004", "HP-001"}}
		plan.Setup.Data, plan.Setup.Facts.Terway.Datapath = conformance.Chain(v2, portmap), terway.DatapathV2
		got := map[string]report.Outcome{}
		err := c.Run(t.Context(), plan, plugins, func(e conformance.Event) {
			if e.Spec != nil {
				got[e.Spec.ID] = e.Spec.Outcome
			}
		})
		if err != nil || !maps.Equal(got, map[string]report.Outcome{"CHN-004": report.Pass, "HP-001": want}) {
			t.Errorf("%s: %v, %v", portmap, got, err)
		}
	}
}

// rollouts runs the specs that roll out chains of their own or disrupt the cluster, and all that must notice a rollout
// that went wrong.
func rollouts(t *testing.T, c *Cluster, plugins func(string) (string, error)) {
	plan := conformance.Plan{Setup: setup, Mutants: []string{"NC-22", "NC-23"}}
	for _, spec := range conformance.Specs() {
		if spec.Own && (spec.Cluster || slices.Contains(spec.Needs, conformance.Rollout)) || spec.Disruptive {
			plan.Specs = append(plan.Specs, spec.ID)
		}
	}
	seen := 0
	err := c.Run(t.Context(), plan, plugins, func(e conformance.Event) {
		switch {
		case e.Spec != nil:
			seen++
			t.Logf("%s %s %.1f s", e.Spec.ID, e.Spec.Outcome, e.Spec.Seconds)
			if e.Spec.Outcome != report.Pass {
				t.Errorf("%s %s: %s (%s) %s", e.Spec.ID, e.Spec.Outcome, e.Spec.Code, e.Spec.Reason, e.Spec.Hint)
			}
		case e.Mutant != nil:
			seen++
			t.Logf("%s %s %.1f s", e.Mutant.ID, e.Mutant.Outcome, e.Mutant.Seconds)
			if e.Mutant.Outcome != report.Pass {
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
