// SPDX-License-Identifier: Apache-2.0

package child

import (
	"slices"
	"testing"

	"github.com/chainlint/chainlint/conformance"
)

// TestDeal: every spec is dealt out once, in order, and what takes long is not behind all the others.
func TestDeal(t *testing.T) {
	var ids []string
	for _, s := range conformance.Specs() {
		ids = append(ids, s.ID)
	}
	dealt := deal(ids, 8)
	all := slices.Concat(dealt...)
	slices.Sort(all)
	sorted := slices.Sorted(slices.Values(ids))
	if !slices.Equal(all, sorted) {
		t.Errorf("dealt out: %v", dealt)
	}
	for _, lane := range dealt {
		if slices.Contains(lane, "LL-017") && len(lane) > len(ids)/8 {
			t.Errorf("the lane of LL-017, which takes long, has %d of %d specs", len(lane), len(ids))
		}
		if !slices.IsSortedFunc(lane, func(a, b string) int { return slices.Index(ids, a) - slices.Index(ids, b) }) {
			t.Errorf("out of order: %v", lane)
		}
	}
}
