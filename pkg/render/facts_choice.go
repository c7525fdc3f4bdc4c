// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"slices"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/terway"
)

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
	if kind := o.Ref().Kind; kind != kindFacts && CheckVersion(o) == nil {
		return f, Problems{at(Invalid, "unknown-kind", o, "/kind", "kind %s where a %s belongs", kind, kindFacts)}
	}
	ps := Decode(o, &f.Facts)
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

// FactsChoice is the part of a configuration that says which facts count.
type FactsChoice struct {
	Facts    *terway.Facts `json:"facts,omitempty"`
	FactsRef *struct {
		Name string `json:"name"`
	} `json:"factsRef,omitempty"`
}

// Choose returns the facts in force: inline ones, those that are referred to, or the only ones among the
// objects. config holds the choice; it is nil where nobody chose.
func (c FactsChoice) Choose(config *manifest.Object, among []*manifest.Object) (Facts, Problems) {
	switch {
	case c.Facts != nil && c.FactsRef != nil:
		return Facts{}, Problems{at(Invalid, "two-facts", config, "/spec/factsRef", "facts and factsRef say it twice: leave one of the two out")}
	case c.Facts != nil:
		f := Facts{Facts: *c.Facts, Object: config, Root: "/spec/facts"}
		return f, uniquePools(f)
	case c.FactsRef != nil:
		return c.referred(config, among)
	}
	facts, ps := OnlyFacts(among)
	if facts == nil {
		return Facts{}, ps
	}
	return ParseFacts(facts)
}

// referred goes by the name that the facts have, or had before kustomize renamed them.
func (c FactsChoice) referred(config *manifest.Object, among []*manifest.Object) (Facts, Problems) {
	for _, o := range among {
		if IsOwn(o.Ref()) && o.Ref().Kind == kindFacts && slices.Contains(priorNames(o), c.FactsRef.Name) {
			return ParseFacts(o)
		}
	}
	return Facts{}, Problems{at(Invalid, "facts-not-found", config, "/spec/factsRef/name", "there is no ClusterFacts %s among the items", c.FactsRef.Name)}
}
