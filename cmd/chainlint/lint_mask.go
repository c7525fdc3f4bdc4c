// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

// pictured is the text of a file as reports may show lines of it: in flow style, eni_conf can stand on the line
// of a finding.
func pictured(f *lintFile) []byte {
	if f.Chains != nil && f.Chains[0].Object == nil {
		return picturedList(f.Text)
	}
	masked, ok := manifest.Masked(f.lean, confidential)
	if !ok {
		return nil
	}
	return []byte(masked)
}

// picturedList hides credentials in a bare list; JSON that is no YAML is then not shown at all.
func picturedList(text []byte) []byte {
	if !looksSecret(string(text)) {
		return text
	}
	masked, ok := manifest.Masked(text, func(_ manifest.Ref, path []string, _ string) bool {
		return slices.ContainsFunc(path, looksSecret)
	})
	if !ok {
		return nil
	}
	return []byte(masked)
}

// confidential values are eni_conf and its copies wherever they stand: under a key that is misspelt, in what
// kubectl notes down, in generators and patches.
func confidential(object manifest.Ref, path []string, value string) bool {
	inData := len(path) > 1 && slices.Contains([]string{"data", "binaryData", "stringData"}, path[0])
	switch {
	case slices.Contains(path, terway.ENIConfKey):
		return true
	case inData && object.Kind == "ConfigMap":
		return path[1] == terway.ENIConfKey || !slices.Contains(terway.Keys, path[1]) || looksSecret(value)
	case inData:
		return true
	case len(path) > 2 && path[0] == "metadata" && path[1] == "annotations":
		return !strings.HasPrefix(path[2], "chainlint.dev/")
	}
	return strings.Contains(strings.ToLower(value), terway.ENIConfKey) || looksSecret(value)
}

// looksSecret tells whether a text has words that stand beside credentials.
func looksSecret(text string) bool {
	return slices.ContainsFunc([]string{"access_key", "secret", "password", "passwd", "token", "credential"}, func(word string) bool {
		return strings.Contains(strings.ToLower(text), word)
	})
}

// pictureFindings tells whether a report shows lines of a file.
func pictureFindings(findings []*lint.Finding) map[string]bool {
	files := map[string]bool{}
	for _, f := range findings {
		if f.Span.From.Line > 0 {
			files[f.File] = true
		}
	}
	return files
}
