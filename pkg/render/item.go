// SPDX-License-Identifier: Apache-2.0

package render

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
	"github.com/chainlint/chainlint/pkg/terway"
)

// item is one entry of items.
type item struct {
	text          string
	start, indent int
	// object is nil where the item cannot matter.
	object *manifest.Object
	before string // the object in YAML before the rendering, to see whether it changed
}

// document is the item as a document of its own: the dash becomes a blank.
func (i *item) document() string { return i.text[:i.indent] + " " + i.text[i.indent+1:] }

// errNotYAML: the text cannot be part of an answer.
type errNotYAML struct{ error }

// words without which an item can be none of those that matter, unless an escape hides them.
var words = []string{"chainlint.dev/", terway.ConfigMapName, terway.DaemonSetName, `\x`, `\u`, `\U`, "\\\n"}

// parse keeps the object if it is one of ours, a ConfigMap that is or was eni-config, or Terway's
// DaemonSet. An item that no cluster would take is passed on unread where it cannot be one of them.
func (i *item) parse() error {
	if len(i.text) > maxItem {
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(i.text, w) }) {
			return fmt.Errorf("it is larger than %d MiB, the most that is read of one object", maxItem>>20)
		}
		return nil
	}
	text := []byte(i.document())
	var doc yaml.Node
	if err := oneDocument(text, &doc); err != nil {
		return errNotYAML{err}
	}
	if len(doc.Content) == 0 || !concerns(hosted(doc.Content[0])) {
		return nil // what is wrong with it is not ours to judge
	}
	objects, err := manifest.Read("", text)
	if err != nil {
		return err
	}
	i.object = hosted(objects[0].Node)
	i.before = encoded(i.object.Node)
	return nil
}

// oneDocument decodes text to its end: what stands behind the first document would go unread.
func oneDocument(text []byte, doc *yaml.Node) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(doc); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch err := decoder.Decode(&yaml.Node{}); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return errors.New("it holds more than one YAML document")
}

// concerns tells which objects a rendering looks at.
func concerns(o *manifest.Object) bool {
	ref := o.Ref()
	return IsOwn(ref) || ref.Kind == "ConfigMap" && looksRenamed(o) || ref.Kind == "DaemonSet" && ref.Name == terway.DaemonSetName
}

// hosted is an object as a host sent it. Its lines are those of the stream, which no reader has seen,
// so only the file is known, where the host names it.
func hosted(n *yaml.Node) *manifest.Object {
	o := &manifest.Object{Node: n}
	for _, key := range []string{"internal.config.kubernetes.io/path", "config.kubernetes.io/path"} {
		if file := o.Annotation(key); file != "" && o.File == "" {
			o.File = file
		}
	}
	if _, path, ok := strings.Cut(o.Annotation("config.kubernetes.io/origin"), "path: "); ok && o.File == "" {
		o.File, _, _ = strings.Cut(path, "\n")
	}
	return o
}

func encoded(n *yaml.Node) string {
	text, err := kyaml.NewRNode(n).String()
	if err != nil {
		return ""
	}
	return text
}

func (i *item) String() string {
	if i.object == nil {
		return i.text
	}
	now := encoded(i.object.Node)
	if now == i.before {
		return i.text
	}
	return indented(now, i.indent)
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
