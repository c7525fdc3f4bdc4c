// SPDX-License-Identifier: Apache-2.0

package schema_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/chainlint/chainlint/internal/schema"
)

// judged are the keywords that this package judges; the others only describe.
var judged = map[string]bool{
	"$ref": true, "type": true, "const": true, "enum": true, "required": true, "properties": true, "additionalProperties": true,
	"propertyNames": true, "items": true, "minimum": true, "minLength": true, "pattern": true, "$defs": true,
}

var described = map[string]bool{"$schema": true, "$id": true, "title": true, "description": true, "default": true}

func TestSchemasUseNoKeywordThatIsNotJudged(t *testing.T) {
	for _, kind := range schema.Kinds() {
		text, _ := schema.Text(kind)
		var doc any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		visit(t, kind, doc)
	}
}

func visit(t *testing.T, at string, doc any) {
	object, ok := doc.(map[string]any)
	if !ok {
		return
	}
	for key, value := range object {
		if key == "format" || !judged[key] && !described[key] {
			t.Errorf("%s has the keyword %s, which nobody judges", at, key)
		}
		switch key {
		case "properties", "$defs":
			for name, child := range value.(map[string]any) {
				visit(t, at+"/"+name, child)
			}
		case "items", "additionalProperties", "propertyNames":
			visit(t, at+"/"+key, value)
		}
	}
}

func library(t testing.TB) map[string]*jsonschema.Schema {
	compiler := jsonschema.NewCompiler()
	compiled := map[string]*jsonschema.Schema{}
	for _, kind := range schema.Kinds() {
		text, _ := schema.Text(kind)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource("https://chainlint.dev/schema/v1alpha1/"+kind+".json", doc); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range schema.Kinds() {
		s, err := compiler.Compile("https://chainlint.dev/schema/v1alpha1/" + kind + ".json")
		if err != nil {
			t.Fatal(err)
		}
		compiled[kind] = s
	}
	return compiled
}

var seeds = []string{
	`{"apiVersion":"chainlint.dev/v1alpha1","kind":"ChainIntent","metadata":{"name":"x"},"spec":{"hostPorts":{"exposure":"Private"}}}`,
	`{"apiVersion":"chainlint.dev/v1alpha1","kind":"ChainIntent","metadata":{"name":"x"},"spec":{"hostPorts":{"exposure":"Public","symmetricRouting":{"mark":16,"tableID":0}}}}`,
	`{"apiVersion":"chainlint.dev/v1alpha1","kind":"ChainIntent","metadata":{"name":"x"},"spec":{"sysctls":{"net.a":"1","kernel.b":"2"},"plugins":[{"type":""},7]}}`,
	`{"apiVersion":"chainlint.dev/v1alpha1","kind":"ClusterFacts","metadata":{"name":"x","annotations":null},"spec":{"terway":{"version":"v1.15.0","features":["cni_chain"]},"nodePools":[{"name":"g","kubeProxyMode":"ipvs"}]}}`,
	`{"apiVersion":"chainlint.dev/v1alpha1","kind":"ClusterFacts","metadata":{"name":"x"},"spec":{"terway":{"version":1.15},"kubeProxyMode":"Iptables","node":{"tuningAllowlist":{}}}}`,
	`{"apiVersion":"chainlint.dev/v1alpha1","kind":"ChainRender","metadata":{"name":"x"},"spec":{"facts":{"ipStack":"dual"},"intents":[{"name":"a","spec":{"ipv6LinkLocal":"Disabled"}}],"policy":{"exposure":["Private"]}}}`,
	`{"apiVersion":"chainlint.dev/v1alpha1","kind":"LintConfig","spec":{"failOn":"never","waivers":[{"rule":"a","reason":"b","until":"2027-01-31","paths":["**"]}],"facts":[{"paths":["a"],"file":"b"}],"exclude":[""]}}`,
	`{"apiVersion":"chainlint.dev/v1alpha1","kind":"ChainLint","metadata":{"name":"x"},"spec":{"asOf":"2027","factsRef":{"name":"y"},"facts":{},"waivers":[{"rule":"a"}]}}`,
	`{"apiVersion":"chainlint.dev/v1alpha1","kind":"ChainRender","metadata":{"name":"x"}}`, `{}`, `[]`, `7`, `null`, `{"spec":null}`,
}

// FuzzValidate holds the verdicts against a general validator's.
func FuzzValidate(f *testing.F) {
	compiled := library(f)
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil || strings.ContainsAny(text, ".eE") && !json.Valid([]byte(text)) || hasDuplicates(text) || wholeFloat(doc) {
			return
		}
		for kind, s := range compiled {
			found, err := schema.Validate(kind, []byte(text))
			if err != nil {
				continue // no JSON for us, either
			}
			if want := s.Validate(doc); (want == nil) != (len(found) == 0) {
				t.Fatalf("%s: %s\nwe say %v\nthe library says %v", kind, text, found, want)
			}
			for _, p := range found {
				if p.Message == "" {
					t.Fatalf("%s: a problem without a message", text)
				}
			}
		}
	})
}

// hasDuplicates: the library reads the last of two equal keys, this package judges both.
func hasDuplicates(text string) bool {
	var v any
	_ = json.Unmarshal([]byte(text), &v)
	short, _ := json.Marshal(v)
	return strings.Count(text, `":`)+strings.Count(text, `" :`) != strings.Count(string(short), `":`)+strings.Count(string(short), `" :`)
}

// wholeFloat: 16.0 and 1e2 are integers to JSON Schema and not to Go's decoder, nor to us.
func wholeFloat(doc any) bool {
	switch v := doc.(type) {
	case json.Number:
		_, err := v.Int64()
		return err != nil
	case map[string]any:
		for _, e := range v {
			if wholeFloat(e) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if wholeFloat(e) {
				return true
			}
		}
	}
	return false
}

func TestMessages(t *testing.T) {
	for _, c := range []struct{ kind, text, pointer, message string }{
		{"ChainIntent", `{"apiVersion":"chainlint.dev/v1alpha1","kind":"ChainIntent","metadata":{"name":"x"},"spec":{"hostPort":{}}}`, "/spec/hostPort", `unknown field "hostPort": did you mean hostPorts?`},
		{"ChainIntent", `{"apiVersion":"chainlint.dev/v1alpha1","kind":"ChainIntent","metadata":{"name":"x"},"spec":{"hostPorts":{"exposure":"public"}}}`, "/spec/hostPorts/exposure", `exposure must be one of Private, Public, not "public": did you mean Public?`},
		{"ChainIntent", `{"apiVersion":"chainlint.dev/v1alpha1","kind":"ChainIntent","metadata":{"name":"x"},"spec":{"sysctls":{"net.a":1}}}`, "/spec/sysctls/net.a", `net.a must be text, not a number: put it in quotes`},
		{"ChainIntent", `{"apiVersion":"chainlint.dev/v1alpha1","kind":"ChainIntent","metadata":{"name":"x"},"spec":{"sysctls":{"kernel.x":"1"}}}`, "/spec/sysctls/kernel.x", `"kernel.x" is not a sysctl under net.`},
		{"ClusterFacts", `{"apiVersion":"chainlint.dev/v1alpha1","kind":"ClusterFacts","metadata":{"name":"x"},"spec":{"node":{"kernelVersion":5.10}}}`, "/spec/node/kernelVersion", `kernelVersion must be text, not a number: put it in quotes`},
		{"ClusterFacts", `{"apiVersion":"chainlint.dev/v1alpha1","kind":"ClusterFacts","metadata":{"name":"x"},"spec":{"terway":{"version":"1.15"}}}`, "/spec/terway/version", `version must be a release such as v1.15.0, not "1.15"`},
		{"LintConfig", `{"apiVersion":"chainlint.dev/v1alpha1","kind":"LintConfig","spec":{"failOn":"fatal"}}`, "/spec/failOn", `failOn must be one of error, warning, info, never, not "fatal"`},
		{"LintConfig", `{"apiVersion":"chainlint.dev/v1alpha1","kind":"LintConfig","spec":{"waiver":[]}}`, "/spec/waiver", `unknown field "waiver": did you mean waivers?`},
		{"ChainLint", `{"apiVersion":"chainlint.dev/v1alpha1","kind":"ChainLint","metadata":{"name":"x"},"spec":{"waivers":[{"rule":"a","reason":"b","until":"soon"}]}}`, "/spec/waivers/0/until", `until must be a date such as 2027-01-31, not "soon"`},
		{"ClusterFacts", `{"apiVersion":"chainlint.dev/v1alpha1","kind":"ClusterFacts","metadata":{}}`, "", `the document lacks spec`},
	} {
		found, err := schema.Validate(c.kind, []byte(c.text))
		if err != nil || len(found) == 0 || found[0].Pointer != c.pointer || found[0].Message != c.message {
			t.Errorf("%s\ngot  %v %v\nwant %s %s", c.text, found, err, c.pointer, c.message)
		}
	}
}
