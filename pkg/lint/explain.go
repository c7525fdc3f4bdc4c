// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"
)

// The archives are read when somebody asks for a page, not before.
//
//go:embed testdata/*.txtar
var archives embed.FS

// catalogue is where the pages of all rules are.
const catalogue = "https://github.com/chainlint/chainlint/blob/main/pkg/lint/RULES.md"

// Docs is the link to the rule's page.
func (r *Rule) Docs() string { return catalogue + "#" + r.ID }

// Page is what there is to say about the rule, as Markdown: what happens, an example with what is reported and
// what to write instead, how that is known, and how to waive it.
func (r *Rule) Page() string {
	text, _ := archives.ReadFile("testdata/" + r.ID + ".txtar") // a test holds that every rule has one
	archive := txtar.Parse(text)
	examples := examplesOf(archive)
	var page strings.Builder
	fmt.Fprintf(&page, "# %s\n\n%s%s. Impact at worst `%s` (%s): %s.\n\n", r.ID, strings.ToUpper(r.Title[:1]), r.Title[1:], r.Impact, impacts[r.Impact], r.Severity())
	fmt.Fprintf(&page, "%s\n", strings.TrimSpace(string(archive.Comment)))
	if r.Defeats != nil {
		fmt.Fprintf(&page, "\nDefeats the intent: `%s`.\n", strings.Join(r.Defeats, "`, `"))
	}
	bad, good := firing(examples), silent(examples)
	page.WriteString("\nReported:\n" + bad.markdown())
	if same := good.otherFacts(bad); same != nil {
		page.WriteString("\nNot reported of the same:\n" + same.markdown())
	} else {
		page.WriteString("\nWrite instead:\n" + good.markdown())
	}
	fmt.Fprintf(&page, "\nHow it is known: %s.\n\nSources:\n\n", strings.TrimSuffix(r.Proof, "."))
	for _, source := range r.Sources {
		fmt.Fprintf(&page, "- %s\n", source)
	}
	if facts := factsOf(examples); facts != nil {
		fmt.Fprintf(&page, "\nFacts that it looks at: %s.\n", strings.Join(facts, ", "))
	}
	page.WriteString(r.waiving())
	return page.String()
}

// waiving shows how to live with a finding.
func (r *Rule) waiving() string {
	if r.about() {
		return "\nIt cannot be waived: repair the waiver.\n"
	}
	return fmt.Sprintf("\nTo accept it, on the ConfigMap (or under `waivers` in `.chainlint.yaml`):\n\n"+
		"```yaml\nmetadata:\n  annotations:\n    %s%s: \"why; until=2027-01-31\"\n```\n", waivePrefix, r.ID)
}

// impacts in words.
var impacts = map[Impact]string{
	Init:     "Terway's init container fails, and pods on that node can neither start nor stop",
	Node:     "Terway looks Ready, but the runtime refuses the list and the node becomes NotReady",
	AllPods:  "every new pod on the node fails",
	SomePods: "pods that use a feature such as host ports fail",
	Traffic:  "pods start, but packets go wrong or may be shut out",
	Silent:   "a setting has no effect",
	Hygiene:  "harmless today",
}

// example is one folder of a rule's archive.
type example struct {
	name  string
	files []txtar.File
	// want is what the rule reports.
	want string
}

func examplesOf(archive *txtar.Archive) []*example {
	var all []*example
	for _, f := range archive.Files {
		name, file, _ := strings.Cut(f.Name, "/")
		if len(all) == 0 || all[len(all)-1].name != name {
			all = append(all, &example{name: name})
		}
		e := all[len(all)-1]
		if file == "want" {
			e.want = string(f.Data)
			continue
		}
		e.files = append(e.files, txtar.File{Name: file, Data: f.Data})
	}
	return all
}

// unjudged is how the record of a case begins in which the rule lacks a fact.
const unjudged = "not checked without "

// firing is the first example with a finding.
func firing(all []*example) *example {
	for _, e := range all {
		if e.want != "" && !strings.HasPrefix(e.want, unjudged) {
			return e
		}
	}
	return &example{}
}

// silent is the example called good, else the first one without a finding.
func silent(all []*example) *example {
	first := &example{}
	for _, e := range all {
		if e.want == "" && (first.name == "" || e.name == "good") {
			first = e
		}
	}
	return first
}

// otherFacts is what is left of e where only the facts tell it from the other; else nil.
func (e *example) otherFacts(other *example) *example {
	rest := &example{}
	for _, f := range e.files {
		if titles[f.Name] == "" && !slices.ContainsFunc(other.files, func(o txtar.File) bool { return o.Name == f.Name && string(o.Data) == string(f.Data) }) {
			return nil
		}
		if titles[f.Name] != "" {
			rest.files = append(rest.files, f)
		}
	}
	if rest.files == nil {
		return nil
	}
	return rest
}

// titles of the files that are not what is linted.
var titles = map[string]string{"facts.yaml": "with the facts", "wishes": "with intents that ask for"}

func (e *example) markdown() string {
	var out strings.Builder
	for _, f := range e.files {
		title, language := titles[f.Name], "yaml"
		before, isBefore := strings.CutPrefix(f.Name, "before/")
		switch {
		case isBefore:
			title = "in place of `" + before + "`"
		case title == "":
			title = "`" + f.Name + "`"
		}
		if strings.HasSuffix(f.Name, ".conflist") {
			language = "json"
		}
		fmt.Fprintf(&out, "\n%s\n\n%s", title, fenced(language, string(f.Data)))
	}
	if e.want != "" {
		out.WriteString("\n" + fenced("text", e.want))
	}
	return out.String()
}

// fenced is a code block whose fence the text does not hold.
func fenced(language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n"
}

// factsOf are the facts that the examples give or miss.
func factsOf(all []*example) []string {
	var facts []string
	for _, e := range all {
		for line := range strings.Lines(e.want) {
			if needs, ok := strings.CutPrefix(strings.TrimSpace(line), unjudged); ok {
				facts = append(facts, strings.Split(needs, ", ")...)
			}
		}
		for _, f := range e.files {
			if f.Name == "facts.yaml" {
				facts = append(facts, factNames(f.Data)...)
			}
		}
	}
	slices.Sort(facts)
	return slices.Compact(facts)
}

// factNames are the facts of a spec, named as in --assume; those of pools count without the pool.
func factNames(text []byte) []string {
	var spec map[string]any
	if yaml.Unmarshal(text, &spec) != nil {
		return nil
	}
	pools, _ := spec["nodePools"].([]any)
	delete(spec, "nodePools")
	all := leaves(spec)
	for _, pool := range pools {
		if facts, ok := pool.(map[string]any); ok {
			delete(facts, "name")
			all = append(all, leaves(facts)...)
		}
	}
	return all
}

// leaves: facts stand at the top or in one group.
func leaves(spec map[string]any) []string {
	var all []string
	for name, value := range spec {
		group, ok := value.(map[string]any)
		if !ok {
			all = append(all, name)
			continue
		}
		for fact := range group {
			all = append(all, name+"."+fact)
		}
	}
	return all
}
