// SPDX-License-Identifier: Apache-2.0

package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/chainlint/chainlint/pkg/lint"
	"github.com/chainlint/chainlint/pkg/terway"
)

// fingerprints say which findings of two runs are the same, whatever else changed in the file: neither lines
// nor messages count, and an entry counts by its type, not by its place in the list. Findings that are alike
// are numbered, because forges show only the first of two equal fingerprints.
func (o Options) fingerprints(findings []*lint.Finding) []string {
	all := make([]string, len(findings))
	seen := map[string]int{}
	for i, f := range findings {
		one := o.fingerprint(f)
		seen[one]++
		if n := seen[one]; n > 1 {
			one = digest(one, fmt.Sprint(n))
		}
		all[i] = one
	}
	return all
}

func (o Options) fingerprint(f *lint.Finding) string {
	pointer := stable(f)
	if f.Key == terway.ENIConfKey {
		pointer = "" // nothing of its content is hashed, names included
	}
	return digest(f.Rule.ID, f.Object.String(), o.path(f.File), f.Path, pointer)
}

// stable is the pointer with the entry's type in place of its index.
func stable(f *lint.Finding) string {
	if f.PluginType == "" {
		return f.Pointer
	}
	list, rest := "/plugins/", ""
	if f.Key == terway.CNIChainKey {
		list = "/"
	}
	after, ok := strings.CutPrefix(f.Pointer, list)
	if !ok {
		return f.Pointer
	}
	if i := strings.Index(after, "/"); i >= 0 {
		rest = after[i:]
	}
	return list + f.PluginType + rest
}

// digest of parts, which cannot run into each other.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}
