// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strconv"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
	"go.yaml.in/yaml/v3"
)

var fragileText = Rule{
	ID:      "fragile-text",
	Title:   "a block of text that the next tool turns into one quoted line",
	Impact:  Hygiene,
	Proof:   "yaml.v3 gives the block up, with the same values (run; FuzzFormat of pkg/conflist)",
	Sources: []string{"go.yaml.in/yaml/v3:emitterc.go (yaml_emitter_analyze_scalar)", "kpt fn render, kustomize build (run)"},
	Check: func(p *Pass) {
		if p.chain.Object == nil {
			return
		}
		for _, key := range jsonKeys {
			node := manifest.Find(p.chain.Object.Node, dataPath(key))
			if node == nil || node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 || p.chain.Docs[key] == nil {
				continue
			}
			if blanks := trailingBlanks(key, node.Value); len(blanks) > 0 {
				at := Place{Path: dataPath(key), Key: key, Start: blanks[0].Start, End: blanks[0].End}
				p.Report(at, "%s: kustomize and kpt then write the whole text as one quoted line that nobody can review. Remove the blanks", howMany(len(blanks))).
					Fix = &Fix{Safe: true, Edits: blanks}
			}
		}
	},
}

func howMany(lines int) string {
	if lines == 1 {
		return "this line ends in blanks"
	}
	return strconv.Itoa(lines) + " lines end in blanks, this one first"
}

// trailingBlanks are the edits that take the blanks from the ends of lines; between the values of JSON they
// mean nothing, and inside a text no line ends.
func trailingBlanks(key, text string) []Edit {
	var edits []Edit
	at := 0
	for line := range strings.Lines(text) {
		body := strings.TrimRight(line, "\n")
		if kept := strings.TrimRight(body, " \t"); kept != "" && len(kept) < len(body) {
			edits = append(edits, Edit{Key: key, Start: at + len(kept), End: at + len(body)})
		}
		at += len(line)
	}
	return edits
}
