// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"strings"
)

// Page tells about a spec or a mutant, "" where there is none with that ID. It is what `explain` prints and what
// SPECS.md is made of.
func Page(id string) string {
	if s := Find(id); s != nil {
		return s.page()
	}
	if m := FindMutant(id); m != nil {
		return m.page()
	}
	return ""
}

func (s *Spec) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s.\n\n%s\n\n", s.ID, sentence(s.Name), s.Why)
	fmt.Fprintf(&b, "- Level: %s\n- Asked for by: %s\n", levelWords[s.Level], s.asker())
	if len(s.Needs) > 0 {
		var needs []string
		for _, f := range s.Needs {
			needs = append(needs, string(f))
		}
		fmt.Fprintf(&b, "- Needs: %s\n", strings.Join(needs, ", "))
	}
	if s.Disruptive {
		b.WriteString("- Disrupts the cluster, so it runs where --focus names it\n")
	}
	fmt.Fprintf(&b, "- Evidence: at least %d probes or readings\n", s.Evidence)
	if killed := kills(s.ID); killed != "" {
		fmt.Fprintf(&b, "- Notices: %s\n", killed)
	}
	for _, source := range s.Sources {
		fmt.Fprintf(&b, "- Source: %s\n", source)
	}
	return b.String() + "\n"
}

var levelWords = map[Level]string{Core: "core, which decides", Ext: "beyond the core, which is reported"}

func (s *Spec) asker() string {
	switch {
	case s.Own:
		return "nobody: it brings its own chain and proves the tool"
	case s.For == Always:
		return "every chain"
	}
	return string(s.For)
}

// kills are the mutants that a spec has to notice.
func kills(id string) string {
	var all []string
	for _, m := range Mutants() {
		for _, k := range m.Kills {
			if k.Spec == id {
				all = append(all, m.ID)
			}
		}
	}
	return strings.Join(all, ", ")
}

func (m *Mutant) page() string {
	text := fmt.Sprintf("### %s\n\n%s.\n\n", m.ID, sentence(m.Name))
	if m.Equivalent != "" {
		return text + "Equivalent, so nothing can notice it: " + m.Equivalent + "\n\n"
	}
	return text + "- Must be noticed by: " + strings.Join(m.KilledBy(), "; ") + "\n\n"
}

// KilledBy are the specs that must notice, with what they must say.
func (m *Mutant) KilledBy() []string {
	var all []string
	for _, k := range m.Kills {
		all = append(all, fmt.Sprintf("%s: %s (%s)", k.Spec, k.Outcome, k.Code))
	}
	return all
}

// sentence begins with a capital letter.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// Catalogue is SPECS.md: all specs by group, and all mutants.
func Catalogue() string {
	var b strings.Builder
	b.WriteString(catalogueHead)
	for _, g := range Groups() {
		fmt.Fprintf(&b, "## %s\n\n", sentence(g.Name))
		for i := range g.Specs {
			b.WriteString(g.Specs[i].page())
		}
	}
	b.WriteString("## Mutants\n\nChains and worlds that are broken on purpose. A suite that does not notice proves nothing.\n\n")
	all := Mutants()
	for i := range all {
		b.WriteString(all[i].page())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

const catalogueHead = `<!-- Made by go test ./conformance -run TestCatalogue -update; do not edit. -->

# Specs

Each spec is one claim about a chain. IDs are final. ` + "`chainlint-conformance explain ID`" + ` shows the same pages.

`
