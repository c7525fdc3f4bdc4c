// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// releases whose sources are compared: each side of every change that the table knows, and the newest.
var releases = []string{"v1.1.1", "v1.2.0", "v1.3.0", "v1.4.0", "v1.5.1", "v1.6.2", "v1.7.1", "v1.8.0", "v1.9.1"}

// TestKeysAreThoseOfTheSources reads the configuration structs of the plugins' own modules, so that a
// release that adds, drops or retypes a key shows up here.
func TestKeysAreThoseOfTheSources(t *testing.T) {
	for _, version := range releases {
		dir := moduleDir(t, version)
		for plugin, keys := range pluginKeys {
			want := map[string]string{}
			for _, k := range keys {
				if (k.Since == "" || !terway.Older(version, k.Since)) && (k.Until == "" || terway.Older(version, k.Until)) {
					want[k.Name] = k.Type
				}
			}
			if diff := cmp.Diff(want, sourceKeys(t, filepath.Join(dir, "plugins", "meta", plugin))); diff != "" {
				t.Errorf("%s %s: table against source: %s", plugin, version, diff)
			}
		}
	}
}

// moduleDir is where a release's sources are, fetched as a Go module.
func moduleDir(t *testing.T, version string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", "github.com/containernetworking/plugins@"+version)
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	var module struct{ Dir, Error string }
	if json.Unmarshal(out, &module) != nil || module.Dir == "" {
		t.Skipf("the module of %s cannot be fetched to compare with: %v %s", version, err, module.Error)
	}
	return module.Dir
}

// sourceKeys are the JSON keys of the structs that embed CNI's NetConf, without the common ones.
func sourceKeys(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources in %s: %v", dir, err)
	}
	structs := map[string]*ast.StructType{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					structs[spec.Name.Name] = s
				}
			}
			return true
		})
	}
	keys := map[string]string{}
	for _, s := range structs {
		if embedsNetConf(s) {
			collect(structs, s, keys)
		}
	}
	for _, k := range commonKeys {
		delete(keys, k.Name)
	}
	return keys
}

func embedsNetConf(s *ast.StructType) bool {
	return slices.ContainsFunc(s.Fields.List, func(f *ast.Field) bool {
		selector, ok := f.Type.(*ast.SelectorExpr)
		return ok && len(f.Names) == 0 && (selector.Sel.Name == "NetConf" || selector.Sel.Name == "PluginConf")
	})
}

func collect(structs map[string]*ast.StructType, s *ast.StructType, keys map[string]string) {
	for _, f := range s.Fields.List {
		embedded, _ := strings.CutPrefix(goType(f.Type), "*")
		if len(f.Names) == 0 && structs[embedded] != nil {
			collect(structs, structs[embedded], keys)
		}
		if f.Tag == nil {
			continue
		}
		tag, _ := strconv.Unquote(f.Tag.Value)
		name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		if name != "" && name != "-" {
			keys[name] = jsonType(goType(f.Type))
		}
	}
}

func goType(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.StarExpr:
		return "*" + goType(x.X)
	case *ast.ArrayType:
		return "[]" + goType(x.Elt)
	case *ast.MapType:
		return "map[" + goType(x.Key) + "]" + goType(x.Value)
	}
	return "struct"
}

func jsonType(goType string) string {
	switch strings.TrimPrefix(goType, "*") {
	case "bool":
		return "bool"
	case "int", "uint32", "uint64":
		return strings.TrimPrefix(goType, "*")
	case "string", "IngressPolicy":
		return "string"
	case "[]string":
		return "strings"
	case "map[string]string":
		return "texts"
	}
	return "object"
}

func TestCheckKeys(t *testing.T) {
	for _, c := range []struct {
		entry, version string
		want           []string // pointer, then ! where every pod fails
	}{
		{`{"type":"portmap","capabilities":{"portMappings":true},"snat":true,"masqAll":null,"MarkMasqBit":5}`, "v1.9.1", nil},
		{`{"type":"portmap","masqall ":true}`, "", []string{"/masqall "}},
		{`{"type":"portmap","masqAll":true,"backend":"iptables"}`, "v1.1.1", []string{"/masqAll", "/backend"}},
		{`{"type":"portmap","masqAll":true,"backend":"iptables"}`, "v1.2.0", []string{"/backend"}},
		{`{"type":"portmap","snat":"true","markMasqBit":1.5,"conditionsV4":"-s","externalSetMarkChain":7}`, "", []string{"/snat!", "/markMasqBit!", "/conditionsV4!", "/externalSetMarkChain!"}},
		{`{"type":"tuning","sysctl":{"a":"1","b":null}}`, "", nil},
		{`{"type":"tuning","sysctl":{"a":1}}`, "", []string{"/sysctl/a!"}},
		{`{"type":"tuning","sysctl":[{"key":"a","value":"1"}]}`, "", []string{"/sysctl!"}},
		{`{"type":"portmap","markMasqBit":13.0,"snat":"x","snat":true,"args":[]}`, "", nil},
		{`{"type":"vrf","table":4294967296}`, "", []string{"/table!"}},
		{`{"type":"bandwidth","ingressRate":-1,"runtimeConfig":[]}`, "", []string{"/ingressRate!", "/runtimeConfig!"}},
		{`{"type":"bandwidth","ingressRate":9007199254740993,"shapedSubnets":[]}`, "v1.6.0", []string{"/shapedSubnets"}},
		{`{"type":"no-such","x":1}`, "", nil},
	} {
		entry, err := conflist.Parse(c.entry)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range CheckKeys(entry, c.version) {
			mark := ""
			if p.Fails() {
				mark = "!"
			}
			got = append(got, p.Pointer+mark)
			if p.Message == "" {
				t.Errorf("%s: no message", c.entry)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %s: %s", c.entry, c.version, diff)
		}
	}
}
