// SPDX-License-Identifier: Apache-2.0

package krm_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/krm"
	"github.com/chainlint/chainlint/internal/manifest"
)

// double is a function whose parts a test replaces.
type double struct {
	keep func(*manifest.Object) bool
	run  func(krm.List) krm.Answer
}

func (double) Words() []string { return []string{"ConfigMap"} }

func (d double) Keep(o *manifest.Object) bool { return d.keep == nil || d.keep(o) }

func (d double) Run(l krm.List) krm.Answer {
	if d.run == nil {
		return krm.Answer{}
	}
	return d.run(l)
}

type outcome struct {
	Stdout, Stderr string
	Code           int
}

func run(d double, stdin string) outcome {
	var out, errs bytes.Buffer
	code := krm.Run(strings.NewReader(stdin), &out, &errs, func(*manifest.Object) krm.Function { return d })
	return outcome{out.String(), errs.String(), code}
}

const (
	head  = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n"
	itemA = "- # a comment\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name:   a}\n  data:\n    x: >-\n      folded\n\n"
	itemB = "- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: b\n  data:\n    twice: 1\n    twice: 2\n"
	tail  = "functionConfig:\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: c}\n"
)

func compare(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestUnchanged: what a function keeps and leaves alone comes back as the bytes it came in, like what it
// does not keep.
func TestUnchanged(t *testing.T) {
	for _, keep := range []bool{true, false} {
		for _, stdin := range []string{head, head + itemA, head + itemA + itemB, head + itemB + tail, head + "- just text\n- 7\n" + tail} {
			o := run(double{keep: func(*manifest.Object) bool { return keep }}, stdin)
			want := stdin
			if stdin == head {
				want = strings.Replace(head, "items:", "items: []", 1)
			}
			compare(t, "answer", outcome{Stdout: want}, o)
		}
	}
}

// TestList is what a function sees.
func TestList(t *testing.T) {
	var seen, kept []string
	var list krm.List
	o := run(double{
		keep: func(o *manifest.Object) bool {
			seen = append(seen, o.Ref().Name)
			return o.Ref().Name == "b"
		},
		run: func(l krm.List) krm.Answer {
			list = l
			for _, o := range l.Objects {
				kept = append(kept, o.Ref().Name)
			}
			return krm.Answer{}
		},
	}, head+itemA+"- text\n"+itemB+tail)
	compare(t, "exit code", 0, o.Code)
	compare(t, "seen", []string{"a", "b"}, seen)
	compare(t, "kept", []string{"b"}, kept)
	compare(t, "config", "c", list.Config.Ref().Name)
	compare(t, "others", true, list.Others)
}

// TestChanged: only what changed is written anew, its comments included.
func TestChanged(t *testing.T) {
	rename := func(l krm.List) krm.Answer {
		for _, o := range l.Objects {
			if o.Ref().Name == "a" {
				manifest.Get(o.Node, "metadata", "name").Value = "new"
			}
		}
		return krm.Answer{}
	}
	o := run(double{run: rename}, head+itemB+itemA+itemB)
	compare(t, "output", head+itemB+"- # a comment\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: new}\n  data:\n    x: >-\n      folded\n"+itemB, o.Stdout)
	failed := run(double{run: func(l krm.List) krm.Answer {
		rename(l)
		panic("halfway")
	}}, head+itemA)
	compare(t, "exit code", 3, failed.Code)
	compare(t, "stderr", "chainlint: internal fault: halfway. Nothing was changed; please report it [internal]\n", failed.Stderr)
	if !strings.HasPrefix(failed.Stdout, head+itemA+"results:\n- message: 'internal: internal fault: halfway.") {
		t.Errorf("a change of a function that panicked went out:\n%s", failed.Stdout)
	}
}

// TestPanicInKeep: whether the rest is YAML is not known then, so none of it goes out.
func TestPanicInKeep(t *testing.T) {
	o := run(double{keep: func(*manifest.Object) bool { panic("early") }}, head+itemA+"- [\n")
	compare(t, "exit code", 3, o.Code)
	if !strings.HasPrefix(o.Stdout, strings.Replace(head, "items:", "items: []", 1)+"results:") {
		t.Errorf("stdout:\n%s", o.Stdout)
	}
}

// TestOnly is what generators do.
func TestOnly(t *testing.T) {
	made := &manifest.Object{Node: &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "kind"}, {Kind: yaml.ScalarNode, Value: "Made"}}}}
	o := run(double{run: func(krm.List) krm.Answer { return krm.Answer{Only: made} }}, head+itemA+tail)
	compare(t, "output", head+"- kind: Made\n"+tail, o.Stdout)
}

// TestNotes are results in the form of the specification, in place of those from before.
func TestNotes(t *testing.T) {
	note := krm.Note{
		Severity: krm.Warning, Rule: "a-rule", Message: "two\nlines", Pointer: "/data/10-terway.conf/a~1b",
		Ref: manifest.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "n", Name: "x"}, File: "d/f.yaml", Index: 2, Tags: map[string]string{"line": "4"},
	}
	o := run(double{run: func(krm.List) krm.Answer {
		return krm.Answer{Code: 1, Notes: []krm.Note{note, {Severity: krm.Info, Message: "done"}}}
	}}, head+itemA+"results:\n- message: old\n")
	compare(t, "answer", outcome{Code: 1, Stdout: head + itemA + `results:
- message: 'a-rule: two lines'
  severity: warning
  resourceRef:
    apiVersion: v1
    kind: ConfigMap
    name: x
    namespace: "n"
  field:
    path: data.10-terway\.conf.a/b
  file:
    path: d/f.yaml
    index: 2
  tags:
    line: "4"
    rule: a-rule
- message: done
  severity: info
`}, o)
}

// TestStderr has four lines at most, and each is one.
func TestStderr(t *testing.T) {
	for want, lines := range map[string][]string{
		"":               nil,
		"chainlint: a\n": {"a"},
		"chainlint: a  b\nchainlint: c\nchainlint: d\nchainlint: e\n":              {"a\r\nb", "c", "d", "e"},
		"chainlint: a\nchainlint: b\nchainlint: c\nchainlint: and 2 more; there\n": {"a", "b", "c", "d", "e"},
	} {
		o := run(double{run: func(krm.List) krm.Answer { return krm.Answer{Lines: slices.Clone(lines), Rest: "there"} }}, head)
		compare(t, "stderr", want, o.Stderr)
	}
}

// TestFiles: hosts name them in two spellings, or as an origin; kustomize makes up all but the origin.
func TestFiles(t *testing.T) {
	for annotations, want := range map[string]string{
		"{}": " 0",
		"{config.kubernetes.io/path: a.yaml, config.kubernetes.io/index: '2'}":                                                        "a.yaml 2",
		"{config.kubernetes.io/path: a.yaml, internal.config.kubernetes.io/path: b.yaml}":                                             "b.yaml 0",
		`{config.kubernetes.io/origin: "path: o.yaml\nrepo: r\n"}`:                                                                    "o.yaml 0",
		`{config.kubernetes.io/origin: "configuredIn: k.yaml\n"}`:                                                                     " 0",
		"{kustomize.config.k8s.io/id: x, internal.config.kubernetes.io/path: made/up.yaml, internal.config.kubernetes.io/index: '7'}": " 0",
		`{kustomize.config.k8s.io/id: x, config.kubernetes.io/path: made/up.yaml, config.kubernetes.io/origin: "path: o.yaml\n"}`:     "o.yaml 0",
	} {
		var got string
		run(double{keep: func(o *manifest.Object) bool {
			got = fmt.Sprint(o.File, " ", krm.Index(o))
			return false
		}}, head+"- kind: X\n  metadata:\n    annotations: "+annotations+"\n")
		compare(t, annotations, want, got)
	}
}

// TestRefused streams: exit 2 says wrong input, 3 unreadable input; a list that is YAML comes back.
func TestRefused(t *testing.T) {
	large := "- kind: X\n  text: \"" + strings.Repeat("x", 3<<20) + "\"\n"
	for name, c := range map[string]struct {
		stdin string
		code  int
		back  bool
	}{
		"empty":                            {"", 2, false},
		"no list":                          {"kind: ResourceList\n", 2, false},
		"another kind":                     {strings.Replace(head, "ResourceList", "List", 1) + itemA, 2, false},
		"an item that is broken":           {head + itemA + "- [\n", 3, false},
		"a large item":                     {head + itemA + large, 0, true},
		"a large item that says ConfigMap": {head + itemA + strings.Replace(large, "xx", "ConfigMap", 1), 3, true},
		"a large item with escapes":        {head + itemA + strings.Replace(large, "xx", `\u0043`, 1), 3, true},
		"a large tail":                     {head + itemA + "extra: \"" + strings.Repeat("x", 3<<20) + "\"\n", 3, false},
		"too much to keep":                 {head + strings.Repeat("- kind: X\n  text: \""+strings.Repeat("x", 1<<20)+"\"\n", 5), 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := run(double{}, c.stdin)
			compare(t, "exit code", c.code, o.Code)
			if strings.HasPrefix(o.Stdout, c.stdin) != c.back && c.stdin != "" {
				t.Errorf("given back: %v, want %v", !c.back, c.back)
			}
			if c.code > 0 && (!strings.Contains(o.Stdout, "severity: error") || strings.Count(o.Stderr, "\n") != 1) {
				t.Errorf("stdout:\n%.1000s\nstderr:\n%s", o.Stdout, o.Stderr)
			}
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error)  { return 0, errors.New("gone") }
func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }

// TestBrokenStreams: half a list with exit 0 would make kpt delete files.
func TestBrokenStreams(t *testing.T) {
	choose := func(*manifest.Object) krm.Function { return double{} }
	var out, errs bytes.Buffer
	compare(t, "exit code without input", 3, krm.Run(broken{}, &out, &errs, choose))
	compare(t, "exit code without output", 3, krm.Run(strings.NewReader(head), broken{}, &errs, choose))
	compare(t, "stderr", "chainlint: read the ResourceList: gone [unreadable-stream]\nchainlint: write the ResourceList: full\n", errs.String())
}

// TestEachItem reads what kubectl prints.
func TestEachItem(t *testing.T) {
	var names []string
	collect := func(o *manifest.Object) { names = append(names, o.Ref().Name) }
	isList, err := krm.EachItem("apiVersion: v1\nitems:\n"+itemA+strings.Replace(itemA, "a}", "b}", 1)+"kind: List\n", collect)
	if !isList || err != nil {
		t.Errorf("%v %v", isList, err)
	}
	compare(t, "names", []string{"a", "b"}, names)
	if isList, err := krm.EachItem("kind: ConfigMap\n", collect); isList || err != nil {
		t.Errorf("%v %v", isList, err)
	}
	if isList, err := krm.EachItem("items:\n"+itemB, collect); !isList || err == nil || !strings.Contains(err.Error(), "item 1") {
		t.Errorf("%v %v", isList, err)
	}
}

// FuzzRun holds the promises of the frame on any stdin, for a function that keeps everything and one that
// keeps nothing: the same answer from both, a ResourceList whatever happens, and a second run that changes
// nothing.
func FuzzRun(f *testing.F) {
	for _, seed := range []string{"", head, head + itemA + itemB + tail, "---\n" + head + "  " + strings.ReplaceAll(itemA, "\n", "\n  "), strings.ReplaceAll(head+itemA, "\n", "\r\n"), `{"apiVersion":"config.kubernetes.io/v1","kind":"ResourceList","items":[{"kind":"X"}]}`, head + "- &a [*a]\n", head + "- a: &a {b: *a}\n", head + "- a: b\n  # below\n# between\n- - c\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stdin string) {
		all, none := run(double{}, stdin), run(double{keep: func(*manifest.Object) bool { return false }}, stdin)
		if all != none {
			t.Fatalf("keeping everything and nothing differ:\n%+v\n%+v", all, none)
		}
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(all.Stdout), &doc); err != nil || len(doc.Content) != 1 || manifest.Text(manifest.Get(doc.Content[0], "kind")) != "ResourceList" {
			t.Fatalf("exit %d and no ResourceList: %v\n%q", all.Code, err, all.Stdout)
		}
		if all.Code < 0 || all.Code > 3 || all.Code == 1 || strings.Contains(all.Stderr, "internal fault") || strings.Count(all.Stderr, "\n") != min(all.Code, 1) {
			t.Fatalf("exit %d\n%s", all.Code, all.Stderr)
		}
		if again := run(double{}, all.Stdout); all.Code == 0 && again.Stdout != all.Stdout {
			t.Fatalf("the second run changes\n%q\nto\n%q", all.Stdout, again.Stdout)
		}
	})
}
