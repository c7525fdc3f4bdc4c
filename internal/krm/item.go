// SPDX-License-Identifier: Apache-2.0

package krm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/chainlint/chainlint/internal/manifest"
)

// item is one entry of items.
type item struct {
	text          string
	start, indent int
	// object is nil where the item cannot matter.
	object *manifest.Object
	before string // the object in YAML before the function ran, to see whether it changed
}

// document is the item as a document of its own: the dash becomes a blank.
func (i *item) document() string { return i.text[:i.indent] + " " + i.text[i.indent+1:] }

// errNotYAML: the text cannot be part of an answer.
type errNotYAML struct{ error }

// escapes can hide a word.
var escapes = []string{`\x`, `\u`, `\U`, "\\\n"}

// read keeps the object if the function wants it. What no cluster would take is passed on unread where it
// cannot matter.
func (i *item) read(fn Function) error {
	if len(i.text) > maxItem {
		if slices.ContainsFunc(slices.Concat(fn.Words(), escapes), func(w string) bool { return strings.Contains(i.text, w) }) {
			return fmt.Errorf("it is larger than %d MiB, the most that is read of one object", maxItem>>20)
		}
		return nil
	}
	o, err := oneDocument([]byte(i.document()))
	if err != nil {
		return errNotYAML{err}
	}
	if o == nil || !fn.Keep(o) {
		return nil // what is wrong with it is not ours to judge
	}
	i.object = o
	i.before, err = kyaml.NewRNode(o.Node).String()
	return err
}

// oneDocument decodes text to its end: what stands behind the first document would go unread. Nil stands for
// everything that is no mapping.
func oneDocument(text []byte) (*manifest.Object, error) {
	var doc yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch err := decoder.Decode(&yaml.Node{}); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, err
	default:
		return nil, errors.New("it holds more than one YAML document")
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, nil
	}
	node := doc.Content[0]
	if node.HeadComment == "" {
		node.HeadComment = doc.HeadComment
	}
	return hosted(node), nil
}

// changed is the text to give back: as it came, or written anew where the object is another now.
func (i *item) changed() (string, error) {
	if i.object == nil {
		return i.text, nil
	}
	now, err := kyaml.NewRNode(i.object.Node).String()
	if err != nil || now == i.before {
		return i.text, err
	}
	return indented(now, i.indent), nil
}

// indented makes a document an item: a dash before the first line, blanks before the others.
func indented(text string, indent int) string {
	var b strings.Builder
	lead := strings.Repeat(" ", indent) + "- "
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString(lead)
		}
		b.WriteString(line)
		lead = strings.Repeat(" ", indent+2)
	}
	return b.String()
}
