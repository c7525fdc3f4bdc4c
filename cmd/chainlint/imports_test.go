// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/chainlint/chainlint/"

// forbidden edges, direct or through others: what the left side must never pull in.
var forbidden = []struct{ from, to, because string }{
	{"pkg/conflist", module, "the list as text knows neither Kubernetes nor Terway"},
	{"pkg/terway", module + "pkg/render", "facts know nothing of what is made of them"},
	{"pkg/terway", module + "pkg/lint", "facts know nothing of what is made of them"},
	{"pkg/terway", "sigs.k8s.io/kustomize", "facts need no host"},
	{"pkg/terway", module + "pkg/predict", "facts know nothing of what follows from them"},
	{"pkg/cni", module + "pkg/predict", "claims about plugins know nothing of what follows from them"},
	{"pkg/predict", module + "pkg/render", "what a chain does is not what wrote it"},
	{"pkg/predict", module + "pkg/lint", "what a chain does is not what is wrong with it"},
	{"pkg/predict", "sigs.k8s.io/kustomize", "a prediction needs no host"},
	{"pkg/render", module + "pkg/lint", "rendering and judging are siblings"},
	{"pkg/lint", module + "pkg/render", "rendering and judging are siblings"},
	{"pkg/lint", "sigs.k8s.io/kustomize", "a linter needs no host"},
	{"internal/krm", module + "pkg/render", "the frame knows no function"},
	{"internal/krm", module + "pkg/lint", "the frame knows no function"},
	{"cmd/chainlint", "github.com/onsi", "nobody wants a linter with a test runner in it"},
	{"cmd/chainlint", "sigs.k8s.io/kind", "nobody wants a linter with a cluster in it"},
	{"conformance/agent", "k8s.io", "what is inside of pods knows nothing of clusters"},
	{"conformance/stub", "k8s.io/client-go", "what is on a node is Terway's, not the cluster's"},
	{"conformance/cluster", "sigs.k8s.io/kind", "any cluster is none of kind's"},
	{"cmd/chainlint", "k8s.io/client-go", "chainlint has no access to an API server"},
	{"cmd/chainlint", "github.com/santhosh-tekuri", "it costs more at start than the whole function; tests use it"},
}

// TestImports keeps the direction of dependencies; a failure prints the way.
func TestImports(t *testing.T) {
	imports := packages(t)
	for _, edge := range forbidden {
		if way := path(imports, module+edge.from, edge.to); way != nil {
			t.Errorf("%s must not import %s (%s):\n  %s", edge.from, edge.to, edge.because, strings.Join(way, "\n  "))
		}
	}
}

// packages maps every package that the commands and libraries need to its imports.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports", "../../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string][]string{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		imports[p.ImportPath] = p.Imports
	}
	return imports
}

// path searches from a package to the first one with that prefix.
func path(imports map[string][]string, from, prefix string) []string {
	type step struct {
		pkg  string
		prev *step
	}
	seen := map[string]bool{from: true}
	for queue := []*step{{pkg: from}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at.pkg != from && strings.HasPrefix(at.pkg, prefix) {
			var way []string
			for s := at; s != nil; s = s.prev {
				way = append([]string{s.pkg}, way...)
			}
			return way
		}
		for _, next := range imports[at.pkg] {
			if !seen[next] {
				seen[next] = true
				queue = append(queue, &step{next, at})
			}
		}
	}
	return nil
}
