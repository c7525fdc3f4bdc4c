// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/internal/schema"
)

// The kinds of chainlint's own objects that a rendering reads.
const (
	kindIntent = "ChainIntent"
	kindFacts  = "ClusterFacts"
	kindRender = "ChainRender"
	// The linter's, which a rendering passes over: kpt hands over .chainlint.yaml, too.
	kindLint       = "ChainLint"
	kindLintConfig = "LintConfig"
)

var ownKinds = []string{kindIntent, kindFacts, kindRender, kindLint, kindLintConfig}

// IsOwn tells whether an object is one of chainlint's, of whatever version.
// A misspelt group counts where the kind is one of ours.
func IsOwn(ref manifest.Ref) bool {
	return strings.HasPrefix(ref.APIVersion, "chainlint.dev") || slices.Contains(ownKinds, ref.Kind) && strings.HasPrefix(ref.APIVersion, "chainlint")
}

// CheckVersion refuses kinds and versions of chainlint.dev that this chainlint does not know.
func CheckVersion(o *manifest.Object) Problems {
	ref := o.Ref()
	switch {
	case ref.APIVersion != manifest.Group:
		return Problems{at(Invalid, "unknown-version", o, "/apiVersion", "apiVersion %s is not known to this chainlint: write %s", ref.APIVersion, manifest.Group)}
	case !slices.Contains(ownKinds, ref.Kind):
		return Problems{at(Invalid, "unknown-kind", o, "/kind", "kind %q is not known: %s", ref.Kind, nearest.Hint(ref.Kind, ownKinds))}
	}
	return nil
}

// keyTwice refuses an object with a key twice: hosts let it through, and everybody picks another one.
func keyTwice(o *manifest.Object) Problems {
	var bad *manifest.Error
	if !errors.As(o.Unique(), &bad) {
		return nil
	}
	p := at(Unreadable, "unreadable-object", o, "", "%s", bad.Reason)
	p.Position = bad.Position
	return Problems{p}
}

// Decode checks one of chainlint's own objects against the schema of its kind and decodes its spec into spec.
func Decode(o *manifest.Object, spec any) Problems {
	if ps := append(CheckVersion(o), keyTwice(o)...); ps != nil {
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

// priorNames are the names an object had before kustomize renamed it, and the one it has.
func priorNames(o *manifest.Object) []string {
	names := []string{o.Ref().Name}
	if prior := o.Annotation("internal.config.kubernetes.io/previousNames"); prior != "" {
		names = append(names, strings.Split(prior, ",")...)
	}
	return names
}
