// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Source is one file, or one stream, with what concerns the linter in it.
type Source struct {
	File string
	// Text is kept for pictures and fixes.
	Text []byte
	// Chains are the eni-configs of the file.
	Chains []*Chain
	// Objects are all objects of the file, the items of Lists included.
	Objects []*manifest.Object
	// Findings are those about the file and about objects that are no chain.
	Findings []*Finding
}

// ReadSource reads a YAML or JSON file. fragment: a kustomization applies it as a patch. A template is no
// error but a finding; otherwise the error is a [*manifest.Error].
func ReadSource(file string, text []byte, fragment bool) (*Source, error) {
	s := &Source{File: file, Text: text}
	docs, err := manifest.Documents(file, text)
	if err != nil && bytes.Contains(text, []byte("{{")) {
		s.Findings = append(s.Findings, fileFinding(&notPlainYAML, file, "this file is a template and no YAML, so its eni-config was not linted: lint what it renders to (helm template ... | chainlint lint -)"))
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	for _, o := range docs {
		s.addObject(o, fragment, 0)
	}
	return s, nil
}

// maxLists is how deep Lists may stand in Lists.
const maxLists = 4

func (s *Source) addObject(o *manifest.Object, fragment bool, depth int) {
	if o.Node.Kind != yaml.MappingNode {
		return
	}
	items := manifest.Get(o.Node, "items")
	if strings.HasSuffix(o.Ref().Kind, "List") && items != nil && items.Kind == yaml.SequenceNode && depth < maxLists {
		for _, item := range items.Content {
			s.addObject(o.Item(item), fragment, depth+1)
		}
		return
	}
	s.AddObject(o, fragment)
}

// AddObject judges one object.
func (s *Source) AddObject(o *manifest.Object, fragment bool) {
	s.Objects = append(s.Objects, o)
	if isENIConfig(o) {
		c := NewChain(o)
		c.Fragment = fragment
		if f := c.template(); f != nil {
			s.Findings = append(s.Findings, f)
		} else {
			s.Chains = append(s.Chains, c)
		}
	}
	for _, rule := range Rules() {
		if rule.Object != nil && !fragment {
			rule.Object(&ObjectPass{Object: o, rule: rule, source: s})
		}
	}
}

// placeholder is what templates (Helm) and substitutions (Flux) leave in the text that they fill.
var placeholder = regexp.MustCompile(`\{\{|\$\{[A-Za-z_]`)

// template says of a chain whose text is only made later that it was not linted; nil for all others.
func (c *Chain) template() *Finding {
	for _, key := range jsonKeys {
		m := placeholder.FindStringIndex(c.Texts[key])
		if m == nil {
			continue
		}
		at := Place{Path: dataPath(key), Key: key, Start: m[0], End: m[1]}
		f := fileFinding(&notPlainYAML, c.File, key+" is filled in later, so this eni-config was not linted: lint what it becomes (helm template ... | chainlint lint -)")
		f.Object, f.Place, f.Span, f.Value = c.Ref(), at, c.locate(at), c.within(at)
		return f
	}
	return nil
}

// ReadList reads a bare list, the text of a *.conflist file.
func ReadList(file string, text []byte) *Source {
	return &Source{File: file, Text: text, Chains: []*Chain{NewList(file, string(text))}}
}

// isENIConfig tells whether Terway would read the ConfigMap. One without a namespace counts: whoever
// applies it gives the namespace.
func isENIConfig(o *manifest.Object) bool {
	ref := o.Ref()
	return ref.Kind == "ConfigMap" && ref.Name == terway.ConfigMapName && slices.Contains([]string{"", terway.ConfigMapNamespace}, ref.Namespace)
}

// ObjectPass is what a rule about other objects may look at.
type ObjectPass struct {
	*manifest.Object
	rule   *Rule
	source *Source
}

// Report adds a finding at a place of the object.
func (p *ObjectPass) Report(path string, onKey bool, format string, args ...any) {
	at := objectPlace(path, onKey)
	from, to := p.Token(path, onKey)
	f := &Finding{
		Rule: p.rule, Impact: p.rule.Impact, Severity: p.rule.Severity(), Message: fmt.Sprintf(format, args...),
		Object: p.Ref(), Place: at, File: p.File,
	}
	if p.Positioned() {
		f.Span = Span{from, to}
	}
	p.source.Findings = append(p.source.Findings, f)
}

// ReportAt adds a finding at a position that is known already.
func (p *ObjectPass) ReportAt(at manifest.Position, format string, args ...any) {
	p.Report("", false, format, args...)
	if f := p.source.Findings[len(p.source.Findings)-1]; p.Positioned() {
		f.Span = Span{at, p.KeyEnd(at)}
	}
}

func fileFinding(rule *Rule, file, message string) *Finding {
	start := manifest.Position{File: file, Line: 1, Column: 1}
	return &Finding{Rule: rule, Impact: rule.Impact, Severity: rule.Severity(), Message: message, Place: Place{Start: -1}, File: file, Span: Span{start, start}}
}
