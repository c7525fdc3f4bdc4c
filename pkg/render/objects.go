// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/internal/schema"
	"github.com/chainlint/chainlint/pkg/terway"
)

// The kinds of chainlint's own objects that a rendering reads.
const (
	kindIntent = "ChainIntent"
	kindFacts  = "ClusterFacts"
	kindRender = "ChainRender"
	kindLint   = "ChainLint" // the linter's; a rendering passes over it
)

var ownKinds = []string{kindIntent, kindFacts, kindRender, kindLint}

// IsOwn tells whether an object is one of chainlint's, of whatever version.
// A misspelt group counts where the kind is one of ours.
func IsOwn(ref manifest.Ref) bool {
	return strings.HasPrefix(ref.APIVersion, "chainlint.dev") || slices.Contains(ownKinds, ref.Kind) && strings.HasPrefix(ref.APIVersion, "chainlint")
}

// checkVersion refuses kinds and versions of chainlint.dev that this chainlint does not know.
func checkVersion(o *manifest.Object) Problems {
	ref := o.Ref()
	switch {
	case ref.APIVersion != manifest.Group:
		return Problems{at(Invalid, "unknown-version", o, "/apiVersion", "apiVersion %s is not known to this chainlint: write %s", ref.APIVersion, manifest.Group)}
	case !slices.Contains(ownKinds, ref.Kind):
		return Problems{at(Invalid, "unknown-kind", o, "/kind", "kind %q is not known: %s", ref.Kind, nearest.Hint(ref.Kind, ownKinds))}
	}
	return nil
}

// decode checks an object against the schema of its kind and decodes its spec into spec.
func decode(o *manifest.Object, spec any) Problems {
	if ps := checkVersion(o); ps != nil {
		return ps
	}
	text, err := manifest.JSON(o.Node)
	if err != nil {
		return Problems{at(Invalid, "unreadable-object", o, "", "%v", err)}
	}
	found, err := schema.Validate(o.Ref().Kind, text)
	if err != nil {
		return Problems{at(Invalid, "unreadable-object", o, "", "%v", err)}
	}
	var ps Problems
	for _, f := range found {
		p := at(Invalid, "invalid-field", o, f.Pointer, "%s", f.Message)
		p.OnKey = f.Key
		p.Position = o.At(f.Pointer, f.Key)
		ps = append(ps, p)
	}
	if ps != nil {
		return ps
	}
	var outer struct {
		Spec json.RawMessage `json:"spec"`
	}
	err = json.Unmarshal(text, &outer)
	if err == nil && len(outer.Spec) > 0 {
		err = json.Unmarshal(outer.Spec, spec)
	}
	if err != nil {
		return Problems{at(Invalid, "unreadable-object", o, "/spec", "%v", err)}
	}
	return nil
}

// Facts are the facts in force and where they came from; Object is nil for none and for inline ones
// it is the configuration, with Root "/spec/facts".
type Facts struct {
	terway.Facts
	Object *manifest.Object
	Root   string
}

// ParseFacts decodes a ClusterFacts.
func ParseFacts(o *manifest.Object) (Facts, Problems) {
	f := Facts{Object: o, Root: "/spec"}
	if kind := o.Ref().Kind; kind != kindFacts && checkVersion(o) == nil {
		return f, Problems{at(Invalid, "unknown-kind", o, "/kind", "kind %s where a %s belongs", kind, kindFacts)}
	}
	ps := decode(o, &f.Facts)
	return f, append(ps, uniquePools(f)...)
}

func uniquePools(f Facts) Problems {
	var ps Problems
	seen := map[string]bool{}
	for i, pool := range f.NodePools {
		if seen[pool.Name] {
			ps = append(ps, at(Invalid, "two-pools-one-name", f.Object, fmt.Sprintf("%s/nodePools/%d/name", f.Root, i), "a second node pool named %s: rename one", pool.Name))
		}
		seen[pool.Name] = true
	}
	return ps
}

// priorNames are the names an object had before kustomize renamed it, and the one it has.
func priorNames(o *manifest.Object) []string {
	names := []string{o.Ref().Name}
	if prior := o.Annotation("internal.config.kubernetes.io/previousNames"); prior != "" {
		names = append(names, strings.Split(prior, ",")...)
	}
	return names
}
