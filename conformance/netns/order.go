// SPDX-License-Identifier: Apache-2.0

package netns

import (
	"encoding/json"
	"slices"

	"github.com/chainlint/chainlint/pkg/terway"
)

// worstOrder puts Terway's entries last: Terway reads an object of plugins in random order, and some node gets
// this one.
func worstOrder(conflist string) string {
	var list map[string]any
	if json.Unmarshal([]byte(conflist), &list) != nil {
		return conflist
	}
	plugins, _ := list["plugins"].([]any)
	slices.SortStableFunc(plugins, func(a, b any) int { return fromTerway(a) - fromTerway(b) })
	sorted, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return conflist
	}
	return string(sorted)
}

func fromTerway(entry any) int {
	if plugin, ok := entry.(map[string]any); ok && plugin["type"] == terway.PluginType {
		return 1
	}
	return 0
}
