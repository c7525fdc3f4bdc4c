// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a.yaml", "a.yaml", true},
		{"a.yaml", "d/a.yaml", false},
		{"*.yaml", "a.yaml", true},
		{"*.yaml", "d/a.yaml", false},
		{"**/*.yaml", "a.yaml", true},
		{"**/*.yaml", "d/e/a.yaml", true},
		{"clusters/*/eni-config.yaml", "clusters/prod/eni-config.yaml", true},
		{"clusters/*/eni-config.yaml", "clusters/eu/prod/eni-config.yaml", false},
		{"clusters/**/eni-config.yaml", "clusters/eu/prod/eni-config.yaml", true},
		{"clusters", "clusters/eu/prod/eni-config.yaml", true},
		{"clusters/", "clusters/a", true},
		{"clusters", "clusters2/a", false},
		{"./clusters/*", "clusters/a", true},
		{"**", "a", true},
		{".", "a/b", true},
		{"a/**/b", "a/b", true},
		{"a/**/**/b", "a/x/y/z/b/c", true},
		{"[", "[", false},
		{"../a", "../a", true},
	} {
		if got := matches(c.pattern, c.name); got != c.want {
			t.Errorf("%s on %s: %v", c.pattern, c.name, got)
		}
	}
	if validPattern("a/[") || !validPattern("a/**/[ab]*") {
		t.Error("what is a pattern is judged wrongly")
	}
}
