// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"

	"github.com/chainlint/chainlint/internal/krm"
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// FuzzRun holds the promises of the function on any stdin: a ResourceList on stdout, never exit 0 with
// nothing there, at most four lines on stderr, no credentials anywhere, and a second run changes nothing.
func FuzzRun(f *testing.F) {
	for _, seed := range streams(f) {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var out, errs bytes.Buffer
		code := krm.Run(bytes.NewReader(in), &out, &errs, rendering)
		if code < 0 || code > 3 {
			t.Fatalf("exit code %d", code)
		}
		if strings.Count(errs.String(), "\n") > 4 {
			t.Fatalf("stderr has more than four lines: %s", errs.String())
		}
		if strings.Contains(errs.String(), "internal fault") {
			t.Fatal(errs.String())
		}
		var list yaml.Node // a foreign item may hold a key twice; that is not ours to judge
		err := yaml.Unmarshal(out.Bytes(), &list)
		if code == 0 && (err != nil || len(list.Content) == 0 || manifest.Text(manifest.Get(list.Content[0], "kind")) != "ResourceList") {
			t.Fatalf("exit 0 and no ResourceList: %v\n%s", err, out.String())
		}
		if code != 0 {
			return
		}
		var again, quiet bytes.Buffer
		if code := krm.Run(bytes.NewReader(out.Bytes()), &again, &quiet, rendering); code != 0 || !bytes.Equal(out.Bytes(), again.Bytes()) {
			t.Fatalf("the second run: exit %d\n%s\nthen\n%s\n%s", code, out.String(), again.String(), quiet.String())
		}
	})
}

func rendering(*manifest.Object) krm.Function { return render.Function{} }

// streams are the cases of testdata as ResourceLists, and some that are none.
func streams(f *testing.F) []string {
	all := []string{"", "kind: ResourceList", "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n", `{"apiVersion":"config.kubernetes.io/v1","kind":"ResourceList","items":[]}`, "\x00"}
	archives, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		base := ""
		for _, file := range archive.Files {
			switch {
			case file.Name == "base.yaml":
				base = string(file.Data)
			case strings.HasSuffix(file.Name, "/in.yaml"):
				all = append(all, resourceList(base+"---\n"+string(file.Data)))
			}
		}
	}
	return all
}

func resourceList(docs string) string {
	var b strings.Builder
	b.WriteString("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n")
	config := ""
	for _, doc := range strings.Split(docs, "---\n") {
		text := strings.TrimSuffix(strings.ReplaceAll(doc, "\n", "\n  "), "  ")
		if strings.Contains(doc, "kind: ChainRender") {
			config = "functionConfig:\n  " + text
			continue
		}
		b.WriteString("- " + text)
	}
	return b.String() + config
}

// FuzzImport: whatever eni-config is imported renders; everything else is refused with a reason.
func FuzzImport(f *testing.F) {
	vendor, _ := filepath.Glob("testdata/vendor/*.yaml")
	for _, name := range vendor {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		objects, err := manifest.Read(name, text)
		if err != nil {
			f.Fatal(err)
		}
		_, data, err := render.ReadENIConfig(objects)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[terway.ConfKey], data[terway.ConflistName])
	}
	f.Fuzz(func(t *testing.T, conf, list string) {
		im, err := render.Import(nil, map[string]string{terway.ConfKey: conf, terway.ConflistName: list}, terway.Facts{})
		if err != nil && strings.TrimSpace(err.Error()) == "" || err == nil && im == nil {
			t.Fatalf("%v %v", im, err)
		}
	})
}
