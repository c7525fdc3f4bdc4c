// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/chainlint/chainlint/internal/manifest"
)

func TestMasked(t *testing.T) {
	hidden := func(object manifest.Ref, path []string, _ string) bool {
		return object.Kind == "ConfigMap" && slices.Contains(path, "eni_conf")
	}
	for name, c := range map[string]struct{ text, want string }{
		"literal": {"kind: ConfigMap\ndata:\n  eni_conf: |\n    a é\n     b\n  z: 1\n", "kind: ConfigMap\ndata:\n  eni_conf: |\n    ***\n******\n  z: 1\n"},
		"flow":    {`{kind: ConfigMap, data: {eni_conf: 'it''s', z: "1"}}`, `{kind: ConfigMap, data: {eni_conf: '*****', z: "1"}}`},
		"nested":  {"kind: List\nitems: [{kind: ConfigMap, data: {eni_conf: {a: x, b: [y]}}}, {kind: X, eni_conf: z}]\n", "kind: List\nitems: [{kind: ConfigMap, data: {eni_conf: {*: *, *: [*]}}}, {kind: X, eni_conf: z}]\n"},
		"alias":   {"x: &x secret\ny: &y {a: b}\nkind: ConfigMap\ndata: {eni_conf: *x, z: {eni_conf: *y}}\n", "x: &x ******\ny: &y {*: *}\nkind: ConfigMap\ndata: {eni_conf: *x, z: {eni_conf: *y}}\n"},
		"key":     {"kind: ConfigMap\ndata: {eni_conf: {{ TOP }}, z: a}\n", "kind: ConfigMap\ndata: {eni_conf: {{ *** }}, z: a}\n"},
		"two":     {"kind: ConfigMap\neni_conf: é\n---\nkind: ConfigMap\neni_conf: x\n", "kind: ConfigMap\neni_conf: *\n---\nkind: ConfigMap\neni_conf: *\n"},
	} {
		got, ok := manifest.Masked([]byte(c.text), hidden)
		if !ok || got != c.want || utf8.RuneCountInString(got) != utf8.RuneCountInString(c.text) {
			t.Errorf("%s: %v %q", name, ok, got)
		}
	}
	if _, ok := manifest.Masked([]byte("a: {"), hidden); ok {
		t.Error("a text that cannot be read was masked")
	}
}
