// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"

	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

// FuzzLint holds what every finding promises on arbitrary text: no panic, the same answer twice, a place that
// lies in the file, and, where the text is written as a literal block, bytes at that place that are the token.
func FuzzLint(f *testing.F) {
	pages, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, page := range pages {
		archive, err := txtar.ParseFile(page)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, "eni-config.yaml") {
				f.Add(string(file.Data))
				f.Add(strings.ReplaceAll(string(file.Data), "\n", "\r\n"))
				f.Add(strings.ReplaceAll(string(file.Data), "conflist: |", "conflist: >2"))
			}
		}
	}
	facts := terway.Facts{PoolFacts: terway.PoolFacts{
		KubeProxyMode: "nftables", Terway: terway.BuildFacts{Version: terway.Newest}, CNIPlugins: terway.PluginFacts{Version: "v1.9.1"},
	}}
	f.Fuzz(func(t *testing.T, text string) {
		source, err := lint.ReadSource("eni-config.yaml", []byte(text), false)
		if err != nil {
			return
		}
		for _, chain := range source.Chains {
			first, second := lint.Lint(chain, facts), lint.Lint(chain, facts)
			if len(first.Findings) != len(second.Findings) {
				t.Fatal("two runs differ")
			}
			for i, found := range first.Findings {
				if found.Text() != second.Findings[i].Text() {
					t.Fatalf("two runs differ: %s %s", found.Text(), second.Findings[i].Text())
				}
				checkPlace(t, text, chain, found)
				lint.LinesOf([]byte(text)).Picture(found.Span)
			}
		}
	})
}

// checkPlace compares the bytes at the reported range with the token.
func checkPlace(t *testing.T, text string, chain *lint.Chain, f *lint.Finding) {
	t.Helper()
	from, to := offset(text, f.Span.From.Line, f.Span.From.Column), offset(text, f.Span.To.Line, f.Span.To.Column)
	if from < 0 || to < from {
		t.Fatalf("%s: the place lies outside of the file: %+v", f.Rule.ID, f.Span)
	}
	if f.Start < 0 || f.End < f.Start || chain.Object == nil {
		return
	}
	value := chain.Texts[f.Key]
	token := value[f.Start:f.End]
	if f.Start == f.End || strings.ContainsAny(token, "\n\\") || literal(text, f.Key) && text[from:to] == token {
		return
	}
	if literal(text, f.Key) && from != to {
		t.Fatalf("%s: the bytes at %+v are %q, the token is %q", f.Rule.ID, f.Span, text[from:to], token)
	}
}

// literal tells whether the key is written as a plain literal block, in which bytes stand as they are.
func literal(text, key string) bool {
	var doc yaml.Node
	if strings.Count(text, key) != 1 || yaml.Unmarshal([]byte(text), &doc) != nil {
		return false
	}
	return strings.Contains(text, key+": |\n")
}

// offset of a 1-based line and column in code points, -1 where there is no such place.
func offset(text string, line, column int) int {
	at := 0
	for range line - 1 {
		i := strings.IndexByte(text[at:], '\n')
		if i < 0 {
			return -1
		}
		at += i + 1
	}
	for range column - 1 {
		if at >= len(text) {
			return -1
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}

// TestPlacesInEveryStyle writes one broken chain in all the ways that YAML has, and looks at the bytes where
// the finding points.
func TestPlacesInEveryStyle(t *testing.T) {
	const head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: eni-config, namespace: kube-system}\ndata:\n"
	for name, text := range map[string]string{
		"literal":           head + "  10-terway.conflist: |\n    {\"plugins\": [{\"type\": \"terway\"},\n      {\"type\": \"prtmap\"}]}\n",
		"literal, CRLF":     strings.ReplaceAll(head+"  10-terway.conflist: |\n    {\"plugins\": [{\"type\": \"terway\"},\n      {\"type\": \"prtmap\"}]}\n", "\n", "\r\n"),
		"indicator":         head + "  10-terway.conflist: |2+\n      {\"plugins\": [{\"type\": \"terway\"},\n\n     {\"type\": \"prtmap\"}]}\n\n",
		"strip":             head + "  10-terway.conflist: |-\n   {\"plugins\": [{\"type\": \"terway\"},\n   {\"type\": \"prtmap\"}]}",
		"folded":            head + "  10-terway.conflist: >\n    {\"plugins\": [{\"type\": \"terway\"},\n    {\"type\": \"prtmap\"}]}\n",
		"single quotes":     head + "  10-terway.conflist: '{\"plugins\": [{\"type\": \"terway\", \"x\": \"it''s\"}, {\"type\": \"prtmap\"}]}'\n",
		"plain in flow":     "{apiVersion: v1, kind: ConfigMap, metadata: {name: eni-config}, data: {10-terway.conflist: '{\"plugins\": [{\"type\": \"terway\"}, {\"type\": \"prtmap\"}]}'}}\n",
		"tabs":              head + "  10-terway.conflist: |\n    {\"plugins\": [{\"type\": \"terway\"},\n    \t\t{\"type\":\t\"prtmap\"}]}\n",
		"non-ASCII before":  head + "  10-terway.conflist: |\n    {\"plugins\": [{\"type\": \"terway\"}, {\"é漢\": \"𝄞\", \"type\": \"prtmap\"}]}\n",
		"second document":   "a: b\n---\n" + head + "  10-terway.conflist: |\n    {\"plugins\": [{\"type\": \"terway\"}, {\"type\": \"prtmap\"}]}\n",
		"anchor":            "x: &chain |\n  {\"plugins\": [{\"type\": \"terway\"}, {\"type\": \"prtmap\"}]}\n" + head + "  10-terway.conflist: *chain\n",
		"merge key":         "x: &data\n  10-terway.conflist: |\n    {\"plugins\": [{\"type\": \"terway\"}, {\"type\": \"prtmap\"}]}\n" + head + "  <<: *data\n",
		"tag and anchor":    head + "  10-terway.conflist: !!str &c # why\n    '{\"plugins\": [{\"type\": \"terway\"}, {\"type\": \"prtmap\"}]}'\n",
		"item of a List":    "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: eni-config}\n  data:\n    10-terway.conflist: |\n      {\"plugins\": [{\"type\": \"terway\"}, {\"type\": \"prtmap\"}]}\n",
		"JSON":              `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "eni-config"}, "data": {"10-terway.conflist": "{\"plugins\": [{\"type\": \"terway\"}, {\"type\": \"prtmap\"}]}"}}`,
		"double quotes":     head + "  10-terway.conflist: \"{\\\"plugins\\\": [{\\\"type\\\": \\\"terway\\\"}, {\\\"type\\\": \\\"prtmap\\\"}]}\"\n",
		"quotes over lines": head + "  10-terway.conflist: \"{\\\"plugins\\\": [{\\\"type\\\": \\\"terway\\\"},\n    \\\n    {\\\"type\\\":\n    \\\"prtmap\\\"}]}\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			source, err := lint.ReadSource("f.yaml", []byte(text), false)
			if err != nil {
				t.Fatal(err)
			}
			chain := source.Chains[len(source.Chains)-1]
			for _, f := range lint.Lint(chain, terway.Facts{}).Findings {
				if f.Rule.ID != "plugin-type-unknown" {
					continue
				}
				got := text[offset(text, f.Span.From.Line, f.Span.From.Column):offset(text, f.Span.To.Line, f.Span.To.Column)]
				if strings.ReplaceAll(got, `\`, "") != `"prtmap"` {
					t.Errorf("the bytes at %+v are %q", f.Span, got)
				}
				if f.Pointer != "/plugins/1/type" || f.Value.From.Line == 0 {
					t.Errorf("pointer %s, in the value %+v", f.Pointer, f.Value)
				}
				return
			}
			t.Error("no finding")
		})
	}
}

// TestENIConfStaysSecret: no rule shows what stands under eni_conf.
func TestENIConfStaysSecret(t *testing.T) {
	for _, conf := range []string{`{"access_key": "SECRET"}`, `{"access_key": {"SECRET": 1}}`, `{"SECRET": `, `SECRET`, `{"ip_stack": "SECRET", "max_pool_size": "SECRET"}`} {
		text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: eni-config}\ndata:\n  10-terway.conf: '{\"type\": \"terway\", \"symmetric_routing\": true}'\n  eni_conf: |\n    " + conf + "\n"
		source, err := lint.ReadSource("f.yaml", []byte(text), false)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range lint.Lint(source.Chains[0], terway.Facts{PoolFacts: terway.PoolFacts{Terway: terway.BuildFacts{Version: terway.Newest}}}).Findings {
			if shown := f.Text() + lint.LinesOf([]byte(text)).Picture(f.Span); strings.Contains(shown, "SECRET") {
				t.Errorf("%s shows a secret: %s", f.Rule.ID, shown)
			}
		}
	}
}
