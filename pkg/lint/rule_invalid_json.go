// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strings"
	"unicode/utf8"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

var invalidJSON = Rule{
	ID:      "invalid-json",
	Title:   "a key holds no JSON document",
	Impact:  Init,
	Proof:   "the real terway-cli refuses it (recorded answers); differential test",
	Sources: []string{"AliyunContainerService/terway:cmd/terway-cli/cni.go (processInput)", "Jeffail/gabs (ParseJSON is encoding/json)"},
	Check: func(p *Pass) {
		for _, key := range jsonKeys {
			broken := p.chain.Broken[key]
			if broken == nil || strings.TrimSpace(p.chain.Texts[key]) == "" {
				continue
			}
			at := errorPlace(key, p.chain.Texts[key], broken.Offset)
			if !p.reads(key) {
				p.ReportAs(Silent, false, at, "%s is no JSON: %s. Terway does not read it beside the list, but without the list its init container would fail: repair it", key, broken.Reason)
				continue
			}
			p.Report(at, "%s is no JSON: %s. Terway's init container fails, and pods on that node can neither start nor stop: write one JSON document, without comments, trailing commas or a byte order mark", key, broken.Reason).
				Fix = withoutComma(key, p.chain.Texts[key], broken.Offset)
		}
	},
}

// reads tells whether Terway parses the key for its chain.
func (p *Pass) reads(key string) bool {
	return key == p.source || key == terway.ConfKey && p.source == terway.CNIChainKey
}

// errorPlace is the character that the parser stumbled over, or the last one of a text that ends too early.
func errorPlace(key, text string, offset int) Place {
	if offset >= len(text) {
		kept := strings.TrimRight(text, " \t\r\n")
		_, size := utf8.DecodeLastRuneInString(kept)
		offset = len(kept) - size
	}
	_, size := utf8.DecodeRuneInString(text[offset:])
	return Place{Path: dataPath(key), Key: key, Start: offset, End: offset + size}
}

// withoutComma takes away a trailing comma, if that repairs the text.
func withoutComma(key, text string, offset int) *Fix {
	before := strings.TrimRight(text[:min(offset, len(text))], " \t\r\n")
	if !strings.HasSuffix(before, ",") {
		return nil
	}
	at := len(before) - 1
	if _, err := conflist.Parse(text[:at] + text[at+1:]); err != nil {
		return nil
	}
	return &Fix{Safe: true, Edits: []Edit{{Key: key, Start: at, End: at + 1}}}
}
