// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/render"
)

var update = flag.Bool("update", false, "write what the cases should have said")

// TestCases runs testdata/*.txtar. A case is a pair of files: NAME/in.yaml (intents, facts, a ChainRender
// and what else the host sends; the archive's base.yaml comes first unless NAME/base.yaml replaces it)
// and NAME/want, the plugins that are rendered, a line each, or the problems.
func TestCases(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { runArchive(t, name) })
	}
}

func runArchive(t *testing.T, name string) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	for i, f := range archive.Files {
		label, ok := strings.CutSuffix(f.Name, "/want")
		if !ok {
			continue
		}
		t.Run(label, func(t *testing.T) {
			got := runCase(t, files, label)
			if *update {
				archive.Files[i].Data = []byte(got)
			} else if diff := cmp.Diff(string(f.Data), got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if *update {
		if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func runCase(t *testing.T, files map[string]string, label string) string {
	base, ok := files[label+"/base.yaml"]
	if !ok {
		base = files["base.yaml"]
	}
	objects := append(read(t, "base.yaml", base), read(t, "in.yaml", files[label+"/in.yaml"])...)
	before := texts(t, objects)
	out, ps := render.Render(render.Input{Objects: objects, Config: config(objects)})
	if out == nil {
		if diff := cmp.Diff(before, texts(t, objects)); diff != "" {
			t.Errorf("refused, and changed all the same: %s", diff)
		}
		return lines(ps)
	}
	rendered := lines(ps) + oneLineEach(t, out.Text)
	checkMerged(t, read(t, "all.yaml", base+"\n---\n"+files[label+"/in.yaml"]), out)
	again, ps2 := render.Render(render.Input{Objects: objects, Config: config(objects)})
	if again == nil || again.Text != out.Text {
		t.Errorf("the second rendering differs: %v", ps2)
	}
	return rendered
}

func read(t *testing.T, name, text string) []*manifest.Object {
	t.Helper()
	objects, err := manifest.Read(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func config(objects []*manifest.Object) *manifest.Object {
	for _, o := range objects {
		if o.Ref().Kind == "ChainRender" {
			return o
		}
	}
	return nil
}

func texts(t *testing.T, objects []*manifest.Object) []string {
	t.Helper()
	var all []string
	for _, o := range objects {
		text, err := manifest.JSON(o.Node)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}

func lines(ps render.Problems) string {
	var b strings.Builder
	for _, p := range ps {
		fmt.Fprintf(&b, "%d %s [%s]\n", p.Class, p.Error(), p.Code)
	}
	return b.String()
}

func oneLineEach(t *testing.T, text string) string {
	t.Helper()
	root, err := conflist.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	plugins := root
	if root.Kind == conflist.Object {
		plugins = root.Get("plugins")
	}
	var b strings.Builder
	for _, p := range plugins.Elements {
		fmt.Fprintln(&b, strings.Join(strings.Fields(p.Text), ""))
	}
	return b.String()
}
