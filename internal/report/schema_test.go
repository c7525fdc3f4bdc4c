// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"

	"github.com/chainlint/chainlint/internal/report"
	"github.com/chainlint/chainlint/internal/schema"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

// everything is the report on all examples of all rules.
func everything(t *testing.T) *report.Report {
	t.Helper()
	r := &report.Report{Texts: map[string][]byte{}, Facts: map[*lint.Chain]string{}}
	archives, err := filepath.Glob("../../pkg/lint/testdata/*.txtar")
	if err != nil || archives == nil {
		t.Fatal("no examples", err)
	}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			add(r, strings.TrimSuffix(filepath.Base(name), ".txtar")+"/"+f.Name, f.Data)
		}
	}
	if len(r.Findings) < 10 {
		t.Fatalf("only %d findings", len(r.Findings))
	}
	return r
}

func add(r *report.Report, file string, text []byte) {
	source := lint.ReadList(file, text)
	switch filepath.Ext(file) {
	case ".yaml":
		var err error
		if source, err = lint.ReadSource(file, text, false); err != nil {
			return
		}
	case ".conflist":
	default:
		return
	}
	r.Files++
	r.Texts[file] = text
	r.Findings = append(r.Findings, source.Findings...)
	for _, chain := range source.Chains {
		result := lint.Lint(chain, terway.Facts{})
		r.Results = append(r.Results, result)
		r.Findings = append(r.Findings, result.Findings...)
	}
}

func allReports(t *testing.T) map[string]*report.Report {
	all := reports(t)
	all["everything"] = everything(t)
	return all
}

// TestJSON holds the format against its published schema, by a library and by our own judge.
func TestJSON(t *testing.T) {
	text, ok := schema.Text("LintReport")
	if !ok {
		t.Fatal("the schema is not published")
	}
	library := compile(t, text)
	for name, r := range allReports(t) {
		doc := write(t, "json", r, report.Options{})
		validate(t, name, library, doc)
		if found, err := schema.Validate("LintReport", []byte(doc)); err != nil || found != nil {
			t.Errorf("%s: %v %v", name, found, err)
		}
	}
}

// TestSchemaKnowsEveryField: what is written is described.
func TestSchemaKnowsEveryField(t *testing.T) {
	text, _ := schema.Text("LintReport")
	strict := strings.ReplaceAll(string(text), `"type": "object",`, `"type": "object", "additionalProperties": false,`)
	library := compile(t, []byte(strict))
	for name, r := range allReports(t) {
		validate(t, name, library, write(t, "json", r, report.Options{}))
	}
}

// sarifModule brings a copy of the official schema in its tests.
const sarifModule = "github.com/securego/gosec/v2@v2.29.0"

// TestSARIF holds the format against the official schema.
func TestSARIF(t *testing.T) {
	library := compile(t, sarifSchema(t))
	for name, r := range allReports(t) {
		validate(t, name, library, write(t, "sarif", r, report.Options{Version: "v0.0.0", Root: t.TempDir()}))
	}
}

func sarifSchema(t *testing.T) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", sarifModule).Output()
	var module struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(out, &module)
	}
	if err != nil {
		t.Skipf("the SARIF schema comes with the module %s, which cannot be fetched: %v", sarifModule, err)
	}
	text, err := os.ReadFile(filepath.Join(module.Dir, "report/sarif/testdata/sarif-schema-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
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

func validate(t *testing.T, name string, library *jsonschema.Schema, text string) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err == nil {
		err = library.Validate(doc)
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
}
