// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestRoundTrip(t *testing.T) {
	for _, name := range fixtures {
		r := fixture(t, name)
		again, err := Decode(must(Encode(r))(t))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Error(name, diff)
		}
	}
}

func TestDecodeMistakes(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"another version": {`{"apiVersion": "chainlint.dev/conformance/v2"}`, `it is a report of version "chainlint.dev/conformance/v2", and this program reads chainlint.dev/conformance/v1: use the chainlint-conformance that wrote it`},
		"no version":      {`{"run": {}}`, "it is no report of chainlint-conformance: it has no apiVersion (chainlint.dev/conformance/v1)"},
		"no JSON":         {"{\n  \"a\": x\n}", "2:8: it is no report: invalid character 'x' looking for beginning of value"},
		"cut off":         {"{\n  \"a\": [", "2:8: it is no report: unexpected end of JSON input"},
		"empty":           {"", "1:1: it is no report: unexpected end of JSON input"},
		"two documents":   {"{}{}", "1:3: it is no report: invalid character '{' after top-level value"},
		"a list":          {"[]", "1:1: it is no report: "},
		"a wrong type":    {"{\"apiVersion\": \"" + Version + "\",\n\"specs\": [{\"evidence\": \"many\"}]}", "2:29: it is no report: specs.evidence must be int, and here is string"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Decode([]byte(c.text))
			if r != nil || err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, JSONFile)
	if _, err := Read(dir); err == nil || !strings.HasPrefix(err.Error(), "read "+file+": ") {
		t.Error("no file:", err)
	}
	if err := os.WriteFile(file, []byte("{\n]"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir); err == nil || !strings.HasPrefix(err.Error(), file+":2:1: it is no report: ") {
		t.Error("a broken file:", err)
	}
	if err := Write(dir, fixture(t, "go")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, file} {
		if r, err := Read(name); err != nil || len(r.Specs) == 0 {
			t.Error(name, err)
		}
	}
}

// FuzzDecode: whatever the text, there is an error or a report that every form can be made of.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"apiVersion": "chainlint.dev/conformance/v1"}`))
	small := full(f)
	f.Add(must(Encode(small))(f))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Decode(text)
		if err != nil {
			return
		}
		for _, form := range forms {
			if _, err := form.make(r); err != nil {
				t.Errorf("%s: %v", form.file, err)
			}
		}
		Text(r, true)
		Judge(r)
		if c := Compare(r, r); !c.Empty() {
			t.Errorf("compared with itself: %s", c.Text(false))
		}
	})
}

func compile(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("https://example.test/schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("https://example.test/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// TestSchema: reports are as the schema says, and have no field that it does not know.
func TestSchema(t *testing.T) {
	strict := bytes.ReplaceAll(Schema(), []byte(`"type": "object",`), []byte(`"type": "object", "additionalProperties": false,`))
	all := map[string]*Report{"empty": {Run: Run{Mode: Enforce}, Verdict: NotRun("x")}, "full": full(t)}
	for _, name := range fixtures {
		all[name] = fixture(t, name)
	}
	for name, r := range all {
		for _, schema := range [][]byte{Schema(), strict} {
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(must(Encode(r))(t)))
			if err != nil {
				t.Fatal(err)
			}
			if err := compile(t, schema).Validate(doc); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestSchemaRefuses what is no report.
func TestSchemaRefuses(t *testing.T) {
	schema := compile(t, Schema())
	text := string(must(Encode(full(t)))(t))
	for _, c := range [][2]string{
		{`"v1"`, `"v2"`},
		{`"outcome": "pass"`, `"outcome": "passed"`},
		{`"level": "core"`, `"level": "Core"`},
		{`"mode": "enforce"`, `"mode": "Enforce"`},
		{`"exit": 0`, `"exit": 2`},
		{`"evidence": 1`, `"evidence": -1`},
		{`"expires": "2027-01-31"`, `"expires": "soon"`},
		{`"specs": [`, `"specks": [`},
	} {
		changed := strings.Replace(text, c[0], c[1], 1)
		if c[0] == `"v1"` {
			changed = strings.Replace(text, "/v1", "/v2", 1)
		}
		if changed == text {
			t.Errorf("there is no %s", c[0])
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(changed))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(doc) == nil {
			t.Errorf("%s is taken", c[1])
		}
	}
}

// full is a report in which every field is set.
func full(t testing.TB) *Report {
	t.Helper()
	r := &Report{}
	fill(reflect.ValueOf(r).Elem())
	r.APIVersion, r.Run.Mode, r.Verdict = Version, Enforce, Verdict{Go, 0, []string{"all"}}
	r.Specs[0].Level, r.Specs[0].Outcome, r.Specs[0].Waiver.Expires = Core, Pass, "2027-01-31"
	r.Mutation.Mutants[0].Outcome, r.Mutation.Equivalent[0].Outcome = Pass, Pass
	return r
}

// fill sets every field to something that is not empty.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(today))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.String:
		v.SetString("text")
	case reflect.Int:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Bool:
		v.SetBool(true)
	}
}

// object of the schema, as far as the model decides it.
type object struct {
	Ref        string             `json:"$ref"`
	Type       string             `json:"type"`
	Const      string             `json:"const"`
	Required   []string           `json:"required"`
	Properties map[string]*object `json:"properties"`
	Items      *object            `json:"items"`
	Defs       map[string]*object `json:"$defs"`
}

// TestSchemaDrift holds the schema against the fields of the model, in both directions.
func TestSchemaDrift(t *testing.T) {
	var root object
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	root.compare(t, &root, "", reflect.TypeFor[Report]())
}

var jsonTypes = map[reflect.Kind]string{
	reflect.Struct: "object", reflect.Slice: "array", reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Float64: "number",
}

func (o *object) compare(t *testing.T, root *object, at string, model reflect.Type) {
	t.Helper()
	if name, ok := strings.CutPrefix(o.Ref, "#/$defs/"); ok {
		if o = root.Defs[name]; o == nil {
			t.Fatalf("%s: there is no %s", at, name)
		}
	}
	if model.Kind() == reflect.Pointer {
		model = model.Elem()
	}
	want := jsonTypes[model.Kind()]
	if model == reflect.TypeFor[time.Time]() {
		want = "string"
	}
	if o.Type != want && o.Const == "" {
		t.Errorf("%s: type %q, and the model has %q", at, o.Type, want)
	}
	switch want {
	case "array":
		o.Items.compare(t, root, at+"[]", model.Elem())
	case "object":
		o.compareFields(t, root, at, model)
	}
}

func (o *object) compareFields(t *testing.T, root *object, at string, model reflect.Type) {
	t.Helper()
	var required []string
	for i := range model.NumField() {
		name, option, _ := strings.Cut(model.Field(i).Tag.Get("json"), ",")
		if option == "" {
			required = append(required, name)
		}
		property := o.Properties[name]
		if property == nil {
			t.Errorf("%s: the schema has no %s", at, name)
			continue
		}
		property.compare(t, root, at+"/"+name, model.Field(i).Type)
	}
	if len(o.Properties) != model.NumField() {
		t.Errorf("%s: the schema has %d properties, the model %d fields", at, len(o.Properties), model.NumField())
	}
	if diff := cmp.Diff(required, o.Required); diff != "" {
		t.Errorf("%s: required: %s", at, diff)
	}
}
