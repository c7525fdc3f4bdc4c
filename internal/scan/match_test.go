// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"
	kubernetes "sigs.k8s.io/yaml"
)

// parsed is what a full parse finds: words in any scalar of any document.
func parsed(text []byte) (held words) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		if decoder.Decode(&doc) != nil {
			return held
		}
		held |= inNode(&doc)
	}
}

func inNode(n *yaml.Node) (held words) {
	if n.Kind == yaml.ScalarNode {
		held |= inScalar(n.Value)
		if data, err := base64.StdEncoding.DecodeString(n.Value); err == nil && n.ShortTag() == "!!binary" {
			held |= inScalar(string(data))
		}
	}
	for _, child := range n.Content {
		held |= inNode(child)
	}
	return held
}

func inScalar(value string) (held words) {
	for _, s := range spellings {
		if strings.Contains(value, string(s.plain)) {
			held |= s.word
		}
	}
	return held
}

const allWords = chainWord | terwayWord | factsWord | patchWord

func judged(text []byte) words {
	var r reader
	_, held := r.judge(text, allWords)
	return held
}

// TestSpellings: the scanner finds what a parser finds, however it is written.
func TestSpellings(t *testing.T) {
	for _, text := range spelled(t) {
		if parsed(text) == 0 {
			t.Errorf("not even the parser finds a word, so this case tests nothing:\n%s", text)
		}
		if missing := parsed(text) &^ judged(text); missing != 0 {
			t.Errorf("words %b are missing:\n%s", missing, text)
		}
	}
}

// spelled are the texts of testdata, one in every file, and those that no editor would keep.
func spelled(t testing.TB) (texts [][]byte) {
	names, err := filepath.Glob("testdata/spellings/*")
	if err != nil || len(names) == 0 {
		t.Fatalf("no spellings: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text, bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), append([]byte("\ufeff"), text...))
		texts = append(texts, inUTF16(string(text), binary.LittleEndian), inUTF16(string(text), binary.BigEndian))
	}
	for _, end := range []string{"\r", "\u0085", "\u2028", "\u2029"} {
		texts = append(texts, []byte("a: \"eni-\\"+end+"  config\""))
	}
	return append(texts, []byte("a: !!binary |\n  ZW5pLW\u0085  Nvbm\r  ZpZw==\n"))
}

func inUTF16(text string, order binary.AppendByteOrder) (out []byte) {
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

// TestRandomSpellings writes words in ways that nobody thought of.
func TestRandomSpellings(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		word := string(spellings[random.IntN(len(spellings))].plain)
		text := []byte("a: [" + quoted(random, word) + "]\n")
		if random.IntN(3) == 0 {
			text = []byte("b: [!!binary " + quoted(random, base64.StdEncoding.EncodeToString([]byte("-_"[random.IntN(3):]+word))) + "]\n")
		}
		if random.IntN(4) == 0 {
			text = inUTF16(string(text), binary.BigEndian)
		}
		if parsed(text) == 0 || parsed(text)&^judged(text) != 0 {
			t.Fatalf("the parser finds %b, the scanner %b:\n%s", parsed(text), judged(text), text)
		}
	}
}

// quoted writes a word in double quotes, each character in a way of its own.
func quoted(random *rand.Rand, word string) string {
	var b strings.Builder
	for _, c := range word {
		ways := []string{"%c", "\\x%02x", "\\u%04X", "\\U%08x", "\\\n \t %c", "\\\n\\x%02x"}
		fmt.Fprintf(&b, ways[random.IntN(len(ways))], c)
	}
	return `"` + b.String() + `"`
}

// TestSlash: JSON writes \/ where YAML does not.
func TestSlash(t *testing.T) {
	if judged([]byte(`{"path": "\/etc\/10\u002dterway"}`)) == 0 {
		t.Error("the word is missing")
	}
}

// TestOtherTexts: what holds no word in any way is not read as a whole.
func TestOtherTexts(t *testing.T) {
	for _, text := range []string{
		"", "\\", "a: \"\\x\"", "a: '\\x2d'", "a: !!binary aGVsbG8=", "eni config", "terwa\ny", "\xff\xfe", "\xfe\xff\xd8", "!", "!!",
		"path: C:\\users\\xena", "a: \"eni\\\\x2dconfig\"", "a: \"eni\\tconfig\"", strings.Repeat("\\", 1001), "\xff\xfe\x00\xd8",
	} {
		if held := judged([]byte(text)); held != 0 {
			t.Errorf("%q: words %b", text, held)
		}
	}
}

// FuzzScan: the scanner says yes wherever a parser finds a word.
func FuzzScan(f *testing.F) {
	for _, text := range spelled(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 4096 {
			t.Skip("parsers take long for what is long")
		}
		held := judged(text)
		if missing := parsed(text) &^ held; missing != 0 {
			t.Errorf("words %b are missing", missing)
		}
		if json, err := kubernetes.YAMLToJSON(text); err == nil && inScalar(string(json))&^held != 0 {
			t.Errorf("kubectl reads words that are missing: %s", json)
		}
	})
}
