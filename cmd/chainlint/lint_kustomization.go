// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/terway"
)

// tellUnbuilt says of a kustomization that makes or changes eni-config in its own text that this was not linted:
// only what it builds is a chain.
func (l *linter) tellUnbuilt(name string, text []byte) {
	if !slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(name)) {
		return
	}
	docs, err := manifest.Documents(name, text)
	if err != nil || len(docs) != 1 {
		return
	}
	if parts := unbuilt(docs[0].Node); len(parts) > 0 {
		l.say("%s: its %s of eni-config were not linted, only what it builds is a chain: kustomize build %s | chainlint lint -", name, strings.Join(parts, " and "), filepath.Dir(name))
	}
}

// unbuilt are the parts of a kustomization that hold pieces of eni-config.
func unbuilt(kustomization *yaml.Node) []string {
	var parts []string
	entries := func(key string) []*yaml.Node {
		if list := manifest.Get(kustomization, key); list != nil && list.Kind == yaml.SequenceNode {
			return list.Content
		}
		return nil
	}
	if slices.ContainsFunc(entries("configMapGenerator"), func(g *yaml.Node) bool { return manifest.Text(manifest.Get(g, "name")) == terway.ConfigMapName }) {
		parts = append(parts, "generators")
	}
	inline := func(p *yaml.Node) bool {
		patch := manifest.Text(manifest.Get(p, "patch"))
		if patch != "" && (namesChain([]byte(patch)) || manifest.Text(manifest.Get(p, "target", "name")) == terway.ConfigMapName) {
			return true
		}
		text := manifest.Text(p)
		return strings.Contains(text, "\n") && namesChain([]byte(text))
	}
	if slices.ContainsFunc(slices.Concat(entries("patches"), entries("patchesStrategicMerge"), entries("patchesJson6902")), inline) {
		parts = append(parts, "inline patches")
	}
	return parts
}
