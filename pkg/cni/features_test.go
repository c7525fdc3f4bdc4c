// SPDX-License-Identifier: Apache-2.0

package cni

import "testing"

func TestEveryFeatureHasASource(t *testing.T) {
	for name, f := range features {
		if f.Meaning == "" || f.Source == "" {
			t.Errorf("%s has no meaning or no source", name)
		}
	}
}

func TestLacksAndHas(t *testing.T) {
	for _, c := range []struct {
		version string
		feature Feature
		lacks   bool
	}{
		{"v1.1.1", MasqAll, true},
		{"v1.2.0", MasqAll, false},
		{"v1.6.0", NftablesWorks, true},
		{"v1.6.1", NftablesWorks, false},
		{"v1.8.0", NftablesSafe, true},
		{"v1.9.0", NftablesSafe, false},
		{"v1.9.1", NftablesMasqAll, true},
	} {
		if Lacks(c.version, c.feature) != c.lacks || Has(c.version, c.feature) == c.lacks {
			t.Errorf("%s, %s: want lacks %v", c.version, c.feature, c.lacks)
		}
	}
	if Lacks("", MasqAll) || Has("", MasqAll) {
		t.Error("of an unknown release nothing is known")
	}
}
