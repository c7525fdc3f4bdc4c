// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
)

// checkMerged holds that one intent which says what all say renders to the same.
func checkMerged(t *testing.T, objects []*manifest.Object, out *render.Output) {
	t.Helper()
	spec, ps := render.Merge(out.Intents)
	if ps.Worst() > render.Warning {
		t.Fatalf("rendered, and not merged: %v", ps)
	}
	if c := config(objects); c != nil && manifest.Get(c.Node, "spec", "intents") != nil {
		return // they cannot be taken out
	}
	rest := slices.DeleteFunc(slices.Clone(objects), func(o *manifest.Object) bool { return o.Ref().Kind == "ChainIntent" })
	merged, ps := render.Render(render.Input{Objects: append(rest, intentOf(t, spec)), Config: config(objects)})
	if merged == nil || merged.Text != out.Text {
		t.Errorf("the merged intent renders otherwise: %v", ps)
		return
	}
	again, _ := render.Merge(merged.Intents)
	if diff := cmp.Diff(spec, again); diff != "" {
		t.Errorf("merged again: %s", diff)
	}
}

func intentOf(t *testing.T, spec render.IntentSpec) *manifest.Object {
	t.Helper()
	text, err := json.Marshal(map[string]any{"apiVersion": manifest.Group, "kind": "ChainIntent", "metadata": map[string]any{"name": "merged"}, "spec": spec})
	if err != nil {
		t.Fatal(err)
	}
	return read(t, "merged.yaml", string(text))[0]
}

// TestMergeConflicts: a contradiction names both intents.
func TestMergeConflicts(t *testing.T) {
	intents := []render.Intent{
		{Name: "one", Spec: render.IntentSpec{IPv6LinkLocal: render.Disabled}},
		{Name: "two", Spec: render.IntentSpec{IPv6LinkLocal: render.Kernel}},
	}
	_, ps := render.Merge(intents)
	want := `ipv6LinkLocal is Kernel here and Disabled in ChainIntent one: make the two agree`
	if len(ps) != 1 || ps[0].Message != want || ps[0].Class != render.Refused {
		t.Errorf("got %v, want %s", ps, want)
	}
}

// TestIntents: those of their own and those inside a ChainRender; what is no intent of ours is passed over.
func TestIntents(t *testing.T) {
	objects := read(t, "in.yaml", `apiVersion: v1
kind: ConfigMap
metadata: {name: eni-config}
---
apiVersion: chainlint.dev/v1alpha1
kind: ChainIntent
metadata: {name: ports}
spec: {hostPorts: {exposure: Private}}
---
apiVersion: chainlint.dev/v1alpha1
kind: ChainRender
metadata: {name: render}
spec:
  intents:
  - {name: inside, spec: {hostPorts: {exposure: Public, symmetricRouting: {mark: 32, mask: 32}}}}
`)
	intents, ps := render.Intents(objects)
	if ps != nil || len(intents) != 2 || intents[0].Name != "ports" || intents[1].Name != "inside" {
		t.Fatalf("got %v, %v", intents, ps)
	}
	spec, ps := render.Merge(intents)
	want := render.IntentSpec{HostPorts: &render.HostPorts{Exposure: render.Public, SymmetricRouting: &render.SymmetricRouting{Mark: 32, Mask: 32}}}
	if diff := cmp.Diff(want, spec); ps != nil || diff != "" {
		t.Errorf("%v %s", ps, diff)
	}
	if _, ps := render.Intents(read(t, "in.yaml", "apiVersion: chainlint.dev/v1alpha1\nkind: ChainIntents\nmetadata: {name: x}\n")); ps.Worst() != render.Invalid {
		t.Errorf("a kind that nobody knows: %v", ps)
	}
}
