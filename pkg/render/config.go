// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/conflist"
)

// Config is the spec of a ChainRender.
type Config struct {
	FactsChoice
	Intents []struct {
		Name string     `json:"name"`
		Spec IntentSpec `json:"spec"`
	} `json:"intents,omitempty"`
	Target  string  `json:"target,omitempty"`
	Rollout string  `json:"rollout,omitempty"`
	Policy  *Policy `json:"policy,omitempty"`

	object *manifest.Object
}

// inline are the intents that stand in the configuration itself.
func (c Config) inline() []Intent {
	var all []Intent
	for i, in := range c.Intents {
		all = append(all, Intent{Name: in.Name, Spec: in.Spec, Object: c.object, Root: fmt.Sprintf("/spec/intents/%d/spec", i)})
	}
	return all
}

// Policy bounds what intents may ask for. Nil lists bound nothing.
type Policy struct {
	Exposure   []string `json:"exposure,omitempty"`
	RawPlugins string   `json:"rawPlugins,omitempty"`
	Sysctls    []string `json:"sysctls,omitempty"`
}

// The values of enumerated fields.
const (
	TargetConflist = "Conflist"
	TargetCNIChain = "CNIChain"
	Annotate       = "Annotate"
	Deny           = "Deny"
)

// behaviorAnnotation tells kustomize what to do with a generated object that is there already.
const behaviorAnnotation = "kustomize.config.k8s.io/behavior"

func (c Config) behavior() string {
	if c.object == nil {
		return ""
	}
	return c.object.Annotation(behaviorAnnotation)
}

// ParseConfig reads the configuration of the function: a ChainRender, a bare ChainIntent, a ConfigMap
// with flat keys (kpt's `-- key=value`), or nothing.
func ParseConfig(o *manifest.Object) (Config, Problems) {
	config := Config{object: o}
	if o == nil {
		return config, nil
	}
	ref := o.Ref()
	switch {
	case ref.Kind == "ConfigMap" && ref.APIVersion == "v1":
		return parseFlat(o)
	case IsOwn(ref) && ref.Kind == kindIntent:
		return config, nil // among the intents, see gather
	case IsOwn(ref) && ref.Kind == kindFacts:
		return config, nil // among the facts
	}
	if !IsOwn(ref) || ref.Kind == kindLint {
		return config, Problems{at(Invalid, "unknown-config", o, "/kind", "%s %s is no configuration of chainlint: write a %s %s", ref.APIVersion, ref.Kind, manifest.Group, kindRender)}
	}
	ps := Decode(o, &config)
	if b := config.behavior(); b != "" && b != "merge" && b != "create" {
		ps = append(ps, at(Invalid, "behavior", o, "/metadata/annotations", "%s: %s would drop the keys that this rendering does not have, eni_conf first: write merge", behaviorAnnotation, b))
	}
	return config, ps
}

// isEmptyConfigMap: kpt hands one over where the user named no configuration.
func isEmptyConfigMap(o *manifest.Object) bool {
	data := manifest.Get(o.Node, "data")
	return o.Ref().Kind == "ConfigMap" && (data == nil || len(data.Content) == 0)
}

// parseFlat reads dotted keys as a ChainRender: `target=CNIChain`, `facts.terway.version=v1.15.0`. What
// starts with the name of an intent's field is the intent: `hostPorts.exposure=Public`.
func parseFlat(o *manifest.Object) (Config, Problems) {
	spec := map[string]any{}
	data := manifest.Get(o.Node, "data")
	for i := 0; data != nil && i+1 < len(data.Content); i += 2 {
		path := strings.Split(data.Content[i].Value, ".")
		root := spec
		switch path[0] {
		case "hostPorts", "ipv6LinkLocal", "sysctls":
			root = intentSpec(spec)
		}
		if path[0] == "sysctls" && len(path) > 1 {
			path = []string{"sysctls", strings.Join(path[1:], ".")}
		}
		set(root, path, data.Content[i+1].Value)
	}
	text, err := json.Marshal(map[string]any{"apiVersion": manifest.Group, "kind": kindRender, "metadata": map[string]any{"name": o.Ref().Name}, "spec": spec})
	var root *conflist.Node
	if err == nil {
		root, err = conflist.Parse(string(text))
	}
	if err != nil {
		return Config{object: o}, Problems{at(Invalid, "unknown-config", o, "/data", "%v", err)}
	}
	synthetic := &manifest.Object{File: o.File, Node: manifest.FromJSON(root)}
	config := Config{object: o}
	ps := Decode(synthetic, &config)
	for i := range ps {
		ps[i].Ref, ps[i].Pointer, ps[i].Position = o.Ref(), "/data", o.At("/data", false)
	}
	return config, ps
}

func intentSpec(spec map[string]any) map[string]any {
	intents, ok := spec["intents"].([]any)
	if !ok {
		intents = []any{map[string]any{"name": "function-config", "spec": map[string]any{}}}
		spec["intents"] = intents
	}
	return intents[0].(map[string]any)["spec"].(map[string]any)
}

// lists and numbers among the fields that flat keys can name; everything else is text.
var (
	flatLists   = []string{"features", "installed", "lines"}
	flatNumbers = []string{"mark", "mask", "tableID", "rulePriority"}
	flatBools   = []string{"edt", "masqAll", "present"}
)

func set(into map[string]any, path []string, value string) {
	last := path[len(path)-1]
	for _, key := range path[:len(path)-1] {
		if into[key] == nil {
			into[key] = map[string]any{}
		}
		next, ok := into[key].(map[string]any)
		if !ok {
			return // a text stands there, which the schema will refuse
		}
		into = next
	}
	into[last] = flatValue(path, value)
}

func flatValue(path []string, value string) any {
	last := path[len(path)-1]
	number, err := strconv.Atoi(value)
	switch {
	case slices.Contains(flatNumbers, last) && err == nil:
		return number
	case slices.Contains(flatBools, last) && (value == "true" || value == "false"):
		return value == "true"
	case slices.Contains(flatLists, last) || path[0] == "policy" && last != "rawPlugins":
		return strings.Split(value, ",")
	}
	return value
}
