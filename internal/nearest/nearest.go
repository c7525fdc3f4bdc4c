// SPDX-License-Identifier: Apache-2.0

// Package nearest finds the word that somebody probably meant.
package nearest

import (
	"strings"
	"unicode/utf8"

	"github.com/agext/levenshtein"
)

// apart is how many bytes one word has and the other has not: changing a letter changes no more of them than
// the letter is wide.
func apart(a, b string) int {
	var count [256]int
	for i := range len(a) {
		count[a[i]]++
	}
	same := 0
	for i := range len(b) {
		if count[b[i]] > 0 {
			count[b[i]]--
			same++
		}
	}
	return max(len(a), len(b)) - same
}

// To returns the candidate closest to word, or "" where none is close: at most a third of its letters
// may differ, upper and lower case counting as equal.
func To(word string, candidates []string) string {
	best, bound := "", max(2, len(word)/3)
	word = strings.ToLower(word)
	width := 1
	if strings.ContainsFunc(word+strings.Join(candidates, ""), func(r rune) bool { return r >= utf8.RuneSelf }) {
		width = utf8.UTFMax
	}
	for _, c := range candidates {
		lower := strings.ToLower(c)
		if apart(word, lower) > bound*width {
			continue // sooner known than the distance
		}
		d := levenshtein.Distance(word, lower, nil)
		if d <= bound && (best == "" || d < bound) {
			best, bound = c, d
		}
	}
	return best
}

// Like are the candidates that word is a part of, and those that differ from it by what stands at their end.
func Like(word string, candidates []string) []string {
	word = strings.ToLower(word)
	var all []string
	for _, c := range candidates {
		if len(word) > 2 && (strings.Contains(c, word) || len(c) > 2 && strings.HasPrefix(word, c)) {
			all = append(all, c)
		}
	}
	return all
}

// Hint is the half sentence that names the nearest candidate, or all of them where none is near.
func Hint(word string, candidates []string) string {
	if best := To(word, candidates); best != "" {
		return "did you mean " + best + "?"
	}
	return "known are " + strings.Join(candidates, ", ")
}
