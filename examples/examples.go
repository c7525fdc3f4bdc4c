// SPDX-License-Identifier: Apache-2.0

// Package examples holds the examples for those who have only a binary: the base, and an overlay for each use
// with its intents, facts and committed rendering. The tests beside it hold that the real kustomize and kpt
// make these renderings.
package examples

import (
	"embed"
	"io/fs"
)

// Files are base/, and a directory below overlays/ for each example.
//
//go:embed base/*.yaml overlays/*/*.yaml overlays/*/rendered/*.yaml
var Files embed.FS

// Overlays are the names of the examples, sorted.
func Overlays() []string {
	entries, _ := fs.ReadDir(Files, "overlays") // it is in the binary
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}
