// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/internal/scan"
)

// FuzzLint: whatever is on stdin, the report is whole, no fault is ours, and a repair leaves nothing to repair.
func FuzzLint(f *testing.F) {
	files, err := filepath.Glob("../../examples/overlays/*/rendered/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, seed := range []string{
		publicChain, strings.ReplaceAll(publicChain, "true}", "1 },"), strings.ReplaceAll(publicChain, "\n", "\r\n"),
		"items: [{kind: ConfigMap, metadata: {name: eni-config}, data: {10-terway.conflist: '{\"plugins\":[{\"type\":\"tuning\",\"sysctl\":{\"a\":1}}]}'}}]\nkind: List\n",
		"kind: ConfigMap\nmetadata: {name: eni-config, annotations: {chainlint.dev/waive.x: \"\"}}\ndata:\n  cni_chain: |\n    - type: portmap\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var out, errs bytes.Buffer
		code := run([]string{"lint", "--format", "json", "--assume", "terway.version=v1.14.0", "-"}, strings.NewReader(text), &out, &errs)
		if !json.Valid(out.Bytes()) || code < exitOK || code > exitUnreadable || strings.Contains(errs.String(), "internal fault") {
			t.Fatalf("exit %d\n%s\n%s", code, out.String(), errs.String())
		}
		once := repairedText(t, text)
		if twice := repairedText(t, once); twice != once {
			t.Fatalf("%q is repaired to %q, and that to %q", text, once, twice)
		}
	})
}

// repairedText is what --fix makes of a text.
func repairedText(t *testing.T, text string) string {
	t.Helper()
	l := &linter{app: &app{out: &bytes.Buffer{}, err: &bytes.Buffer{}}, flags: lintFlags{fix: true}, origins: map[string]*origin{}, told: map[string]bool{}}
	l.config, l.scanned = &lintConfig{}, &scan.Result{}
	l.add(streamName, []byte(text), false)
	l.finder = l.newLintFacts()
	l.assemble()
	l.judge()
	for pass := 0; l.fixOnce(map[string]*repair{}, map[string]error{}); pass++ {
		if pass > maxPasses {
			t.Fatalf("%q is repaired without end", text)
		}
		text = string(l.files[0].Text)
		l.assemble()
		l.judge()
	}
	return text
}
