// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const configMap = "kind: ConfigMap\nmetadata: {name: eni-config}\n"

// tree writes files below a new directory that is the current one: names in results are relative.
func tree(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		err := os.MkdirAll(filepath.Dir(name), 0o700)
		if err == nil {
			err = os.WriteFile(name, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// shown is a result in lines.
func shown(r *Result) (lines []string) {
	for _, list := range []struct {
		what  string
		files []File
	}{{"file", r.Files}, {"kustomization", r.Kustomizations}, {"facts", r.Facts}} {
		for _, f := range list.files {
			lines = append(lines, list.what+" "+filepath.ToSlash(f.Name))
		}
	}
	for _, p := range r.Problems {
		lines = append(lines, "problem "+p.Name+": "+p.Err.Error())
	}
	return append(lines, fmt.Sprint("seen ", r.Seen))
}

func check(t *testing.T, r *Result, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, shown(r)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWalk(t *testing.T) {
	tree(t, map[string]string{
		"a/b.yaml": configMap, "a/c/d.yml": configMap, "a.json": `{"a": "10-terway"}`, "z.yaml": "a: 1\n",
		"a/10-terway.conflist": "{}", "a/b.conflist": `{"type": "ter\u0077ay"}`, "a/c.conflist": `{"type": "ptp"}`,
		".git/a.yaml": configMap, "a/.git/b.yaml": configMap, ".github/a.yaml": configMap,
		"README.md": configMap, "a/yaml": configMap, "facts/facts.yaml": "kind: ClusterFacts\n", "facts/facts.json": "kind: ClusterFacts\n",
	})
	check(t, Scan([]string{"."}), "file .github/a.yaml", "file a.json", "file a/10-terway.conflist", "file a/b.conflist",
		"file a/b.yaml", "file a/c/d.yml", "facts facts/facts.yaml", "seen 10")
	check(t, Scan([]string{"./a/c/"}), "file a/c/d.yml", "seen 1")
	check(t, Scan([]string{"a/.git"}), "file a/.git/b.yaml", "seen 1")
}

// TestNamed: whoever names a file means it.
func TestNamed(t *testing.T) {
	tree(t, map[string]string{"README.md": "hello", "a/b.yaml": "a: 1\n", "a/c.yaml": configMap, "facts": "kind: ClusterFacts\n"})
	check(t, Scan([]string{"./README.md", "a", "a/b.yaml", "a/../a/b.yaml", "missing.yaml", "missing.yaml"}),
		"file README.md", "file a/b.yaml", "file a/c.yaml",
		"problem missing.yaml: read missing.yaml: no such file or directory", "seen 3")
	check(t, Scan(nil), "seen 0")
}

// TestKustomizations: only those that can name one of the files matter.
func TestKustomizations(t *testing.T) {
	tree(t, map[string]string{
		"a/eni.yaml": configMap, "a/kustomization.yaml": "patches: [{path: eni.yaml}]\n",
		"b/kustomization.yml":  "patchesStrategicMerge:\n- ../a/eni.yaml\n",
		"c/Kustomization":      "patches: [{path: \"..\\x2fa/e\\\n  ni.yaml\"}]\n",
		"d/kustomization.yaml": "resources: [../a/eni.yaml]\n",
		"e/kustomization.yaml": "patches: [{path: other.yaml}]\n",
		"f/kustomization.yaml": "configMapGenerator: [{name: eni-config}]\n",
	})
	check(t, Scan([]string{"."}), "file a/eni.yaml", "file f/kustomization.yaml",
		"kustomization a/kustomization.yaml", "kustomization b/kustomization.yml", "kustomization c/Kustomization", "seen 7")
	if err := os.Rename("a/eni.yaml", "a/it's.yaml"); err != nil {
		t.Fatal(err)
	}
	check(t, Scan([]string{"a", "e"}), "file a/it's.yaml", "kustomization a/kustomization.yaml", "kustomization e/kustomization.yaml", "seen 3")
}

// TestManyFiles: one directory is shared among the workers, and the order is that of the names.
func TestManyFiles(t *testing.T) {
	files := map[string]string{}
	for i := range 3 * batch {
		files[fmt.Sprintf("%04d.yaml", i)] = configMap
	}
	tree(t, files)
	r := Scan([]string{"."})
	for i, f := range r.Files {
		if f.Name != fmt.Sprintf("%04d.yaml", i) || string(f.Text) != configMap {
			t.Errorf("file %d is %s: %q", i, f.Name, f.Text)
		}
	}
	if len(r.Files) != len(files) || r.Seen != len(files) {
		t.Errorf("%d files of %d, %d seen", len(r.Files), len(files), r.Seen)
	}
}

// TestText: UTF-16 becomes UTF-8; what is broken stays, so that the parser says so.
func TestText(t *testing.T) {
	little, big := string(inUTF16(configMap, binary.LittleEndian)), string(inUTF16(configMap+"# \U0001f600\n", binary.BigEndian))
	tree(t, map[string]string{"a.yaml": little, "b.yaml": big, "c.yaml": "\ufeff" + configMap, "d.yaml": little + "\x00", "e.yaml": little + "\x00\xd8"})
	want := []string{configMap, configMap + "# \U0001f600\n", "\ufeff" + configMap, little + "\x00", little + "\x00\xd8"}
	var got []string
	for _, f := range Scan([]string{"."}).Files {
		got = append(got, string(f.Text))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestSizes: a file is searched as a whole up to the limit, and beyond it in chunks.
func TestSizes(t *testing.T) {
	escaped := "a: \"eni\\x2dconfig\"\n"
	fill := func(size int, end string) string {
		return strings.Repeat("# nothing\n", size/10+1)[:size-len(end)-1] + "\n" + end
	}
	tree(t, map[string]string{
		"buffer.yaml": fill(smallFile, escaped), "buffer-1.yaml": fill(smallFile-1, escaped), "buffer+1.yaml": fill(smallFile+1, escaped),
		"limit.yaml": fill(maxFile, escaped), "limit+1.yaml": fill(maxFile+1, escaped),
		"nothing.yaml": fill(maxFile+1, "a: 1\n"), "limit+1.conflist": fill(maxFile+1, "terway"),
		"utf16.yaml": string(inUTF16(fill(maxFile/2, escaped), binary.BigEndian)),
	})
	const large = " is larger than 10 MiB, the most that is read"
	problems := func(names ...string) (lines []string) {
		for _, name := range names {
			lines = append(lines, "problem "+name+": "+name+large)
		}
		return lines
	}
	check(t, Scan([]string{"."}), append(append([]string{"file buffer+1.yaml", "file buffer-1.yaml", "file buffer.yaml", "file limit.yaml"},
		problems("limit+1.conflist", "limit+1.yaml", "utf16.yaml")...), "seen 8")...)
	check(t, Scan([]string{"nothing.yaml"}), append(problems("nothing.yaml"), "seen 1")...)
}

// TestChunkBoundary: a word is found wherever the chunks of a large file end.
func TestChunkBoundary(t *testing.T) {
	tree(t, nil)
	const chunk = overlap + 101
	for _, word := range []string{"eni-config", "a: \"\\x65ni\\\n     -config\"", "!!binary ZW5pLW\n\n\nNvbmZpZw=="} {
		for shift := range len(word) + 2 {
			text := bytes.Repeat([]byte{'\n'}, 3*chunk)
			copy(text[chunk-shift:], word)
			if err := os.WriteFile("a.yaml", text, 0o600); err != nil {
				t.Fatal(err)
			}
			if p := skipped(t, "a.yaml", chunk); p.Err == nil {
				t.Errorf("%q is missing %d bytes before the end of a chunk", word, shift)
			}
		}
	}
}

// skipped searches a file as if it were too large, in chunks of that size.
func skipped(t *testing.T, name string, chunk int) Problem {
	t.Helper()
	f, err := openFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	r := &reader{buf: make([]byte, chunk)}
	if _, err := r.fill(f, 0, -1); err != nil {
		t.Fatal(err)
	}
	return r.skip(f, target{name, chainWord, walked})
}
