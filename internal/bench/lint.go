// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// kubeconformVersion is the peer that is built from its module.
const kubeconformVersion = "v0.8.0"

// schema is the least that a kubeconform can check: real ones take it longer.
const schema = `{"type": "object", "required": ["apiVersion", "kind", "metadata"],
 "properties": {"apiVersion": {"type": "string"}, "kind": {"type": "string"},
  "metadata": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}}}
`

// lint are the benchmarks of a whole repository and of one file in it.
func (s setting) lint(most bounds) ([]benchmark, error) {
	dir, err := s.repository()
	if err != nil {
		return nil, err
	}
	const all, one = "no findings in 100 chains", "no findings in 1 chain"
	whole := process{dir: s.work, args: []string{s.chainlint, "lint", dir}, want: []string{all}}
	file := process{dir: s.work, args: []string{s.chainlint, "lint", filepath.Join(dir, place(0))}, want: []string{one}}
	grep := process{dir: s.work, args: []string{"grep", "-rlF", "eni-config", dir}, want: []string{place(0)}}
	conform := benchmark{name: "lint, 20,000 files / kubeconform", runs: 3, a: whole, maxRatio: most.kubeconform}
	if peer, err := s.kubeconform(dir); err != nil {
		conform.skip, _, _ = strings.Cut(err.Error(), "\n")
	} else {
		conform.b = &peer
	}
	return []benchmark{
		{name: "lint, 20,000 files / grep", warmUps: 2, runs: 15, a: whole, b: &grep, maxRatio: most.grep},
		conform,
		{name: "lint, 20,000 files, memory", runs: 5, a: whole, maxMemory: most.memory},
		{name: "lint, one file", warmUps: 2, runs: 50, a: file, maxTime: most.file},
	}, nil
}

// kubeconform validates the repository by schemas on disk.
func (s setting) kubeconform(dir string) (process, error) {
	binary, err := installed("kubeconform-"+kubeconformVersion, "github.com/yannh/kubeconform/cmd/kubeconform@"+kubeconformVersion)
	if err != nil {
		return process{}, err
	}
	schemas := filepath.Join(s.work, "schemas")
	err = writeAll(schemas, map[string]string{"configmap.json": schema, "deployment.json": schema, "service.json": schema})
	location := filepath.Join(schemas, "{{.ResourceKind}}.json")
	want := fmt.Sprintf("Valid: %d, Invalid: 0", repositoryFiles*perFile)
	return process{dir: s.work, args: []string{binary, "-summary", "-skip", "ClusterFacts", "-schema-location", location, dir}, want: []string{want}}, err
}

// installed is the path of a tool in the user's cache, where it is built from its module if it is not
// there yet.
func installed(name, module string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "chainlint", name)
	tool, _, _ := strings.Cut(filepath.Base(module), "@")
	binary := filepath.Join(dir, tool)
	if _, err := exec.LookPath(binary); err == nil {
		return binary, nil
	}
	// Outside of this module, whose go.mod must not decide the versions.
	return binary, goTool(os.TempDir(), []string{"GOFLAGS=", "GOBIN=" + dir}, "install", module)
}
