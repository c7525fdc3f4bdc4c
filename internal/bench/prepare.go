// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/chainlint/chainlint/internal/kustomize"
)

// setting is where everything is that benchmarks run.
type setting struct {
	root, work                 string
	chainlint, noop, kustomize string
}

const (
	// otherResources and the three inputs are the 1,000 resources of the kustomization.
	otherResources = 1000 - 3
	// functionPath is how the example names the function; it is replaced by that of a binary.
	functionPath = "path: chainlint\n"
	configFile   = "chainrender.yaml"
	othersFile   = "others.yaml"
	// What a rendering adds, and what is there without one.
	renderedKey = "10-terway.conflist: |"
	renderedMap = "name: eni-config"
)

var (
	exampleDir = filepath.Join("examples", "overlays", "private-host-ports")
	inputs     = []string{
		filepath.Join("examples", "base", "eni-config.yaml"),
		filepath.Join(exampleDir, "intents.yaml"),
		filepath.Join(exampleDir, "facts.yaml"),
	}
)

// other is a resource that has nothing to do with chainlint; %[1]d is its number.
var other = []string{`apiVersion: v1
kind: ConfigMap
metadata:
  name: other-%[1]d
  namespace: team-%[1]d
  labels: {app.kubernetes.io/name: other-%[1]d, app.kubernetes.io/part-of: shop}
data:
  LOG_LEVEL: info
  UPSTREAM: http://other-%[1]d.team-%[1]d.svc.cluster.local:8080
  application.properties: |
    server.port=8080
    server.shutdown=graceful
    cache.size=%[1]d
`, `apiVersion: apps/v1
kind: Deployment
metadata:
  name: other-%[1]d
  namespace: team-%[1]d
  labels: {app.kubernetes.io/name: other-%[1]d, app.kubernetes.io/part-of: shop}
spec:
  replicas: 2
  selector:
    matchLabels: {app.kubernetes.io/name: other-%[1]d}
  template:
    metadata:
      labels: {app.kubernetes.io/name: other-%[1]d}
    spec:
      containers:
      - name: server
        image: registry.example.com/shop/server:1.%[1]d.0
        args: [--port, "8080", --config, /etc/server/application.properties]
        ports:
        - {name: http, containerPort: 8080}
        readinessProbe:
          httpGet: {path: /ready, port: http}
        resources:
          requests: {cpu: 100m, memory: 128Mi}
          limits: {memory: 256Mi}
        volumeMounts:
        - {name: config, mountPath: /etc/server}
      volumes:
      - name: config
        configMap: {name: server-%[1]d}
`}

// prepare builds the binaries and the inputs.
func prepare(work string, most bounds) ([]benchmark, error) {
	s, err := build(work)
	if err != nil {
		return nil, err
	}
	list, err := s.resourceList()
	if err != nil {
		return nil, err
	}
	start := process{dir: work, args: []string{s.chainlint}, stdin: list, want: []string{renderedKey}}
	startBase := process{dir: work, args: []string{s.noop}, stdin: list, want: []string{renderedMap}}
	last := fmt.Sprintf("name: other-%d\n", otherResources-1)
	compose, err := s.kustomization(s.chainlint, renderedKey, last)
	composeBase, baseErr := s.kustomization(s.noop, renderedMap, last)
	check, checkErr := s.check()
	lint, lintErr := s.lint(most)
	return append([]benchmark{
		{name: "cold start, one eni-config / noop", warmUps: 2, runs: 30, a: start, b: &startBase, maxRatio: most.coldStart},
		{name: "kustomize build, 1,000 resources / noop", warmUps: 2, runs: 10, a: compose, b: &composeBase, maxRatio: most.kustomize},
		{name: "render --check examples/overlays/*", warmUps: 2, runs: 15, a: check, maxTime: most.check},
	}, lint...), errors.Join(err, baseErr, checkErr, lintErr)
}

// build makes the binaries.
func build(work string) (setting, error) {
	s := setting{work: work, chainlint: filepath.Join(work, "chainlint"), noop: filepath.Join(work, "noop")}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return s, fmt.Errorf("find the module: %w", err)
	}
	s.root = strings.TrimSpace(string(root))
	if err := goTool(s.root, nil, "build", "-o", work+string(filepath.Separator), "./cmd/chainlint", "./internal/bench/noop"); err != nil {
		return s, err
	}
	s.kustomize, err = kustomize.Binary(context.Background())
	return s, err
}

func goTool(dir string, env []string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// resourceList is the example as a host on kyaml hands it over.
func (s setting) resourceList() ([]byte, error) {
	var items []*yaml.RNode
	for _, name := range inputs {
		item, err := yaml.ReadFile(filepath.Join(s.root, name))
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	config, err := yaml.ReadFile(filepath.Join(s.root, exampleDir, configFile))
	if err != nil {
		return nil, err
	}
	var list bytes.Buffer
	w := kio.ByteWriter{
		Writer: &list, KeepReaderAnnotations: true, FunctionConfig: config,
		WrappingAPIVersion: kio.ResourceListAPIVersion, WrappingKind: kio.ResourceListKind,
	}
	err = w.Write(items)
	return list.Bytes(), err
}

// kustomization is the build of 1,000 resources with a function as the only transformer.
func (s setting) kustomization(function string, want ...string) (process, error) {
	dir := filepath.Join(s.work, "with-"+filepath.Base(function))
	files := map[string]string{othersFile: others()}
	resources := []string{othersFile}
	for _, name := range inputs {
		resources = append(resources, filepath.Base(name))
	}
	files["kustomization.yaml"] = fmt.Sprintf("resources: [%s]\ntransformers: [%s]\n", strings.Join(resources, ", "), configFile)
	for _, name := range slices.Concat(inputs, []string{filepath.Join(exampleDir, configFile)}) {
		text, err := os.ReadFile(filepath.Join(s.root, name))
		if err != nil {
			return process{}, err
		}
		files[filepath.Base(name)] = strings.Replace(string(text), functionPath, fmt.Sprintf("path: %q\n", function), 1)
	}
	args := []string{s.kustomize, "build", "--enable-alpha-plugins", "--enable-exec", dir}
	return process{dir: s.work, args: args, want: want}, writeAll(dir, files)
}

func writeAll(dir string, files map[string]string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// others are resources as documents of one file.
func others() string {
	var b strings.Builder
	for i := range otherResources {
		b.WriteString("---\n")
		fmt.Fprintf(&b, other[i%len(other)], i)
	}
	return b.String()
}

// check is render --check of all examples, each named.
func (s setting) check() (process, error) {
	dirs, err := fs.Glob(os.DirFS(s.root), "examples/overlays/*")
	if err == nil && len(dirs) == 0 {
		err = errors.New("find examples/overlays: there are none")
	}
	return process{dir: s.root, args: append([]string{s.chainlint, "render", "--check"}, dirs...)}, err
}
