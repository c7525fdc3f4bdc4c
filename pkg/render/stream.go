// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/kio"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/chainlint/chainlint/internal/manifest"
)

// stream is a ResourceList as text. Only the items that can matter are parsed; all others leave as the
// bytes they came in, at no cost.
type stream struct {
	// head is everything up to the first item, tail what stands behind the last one but results.
	head, tail string
	items      []*item
	config     *manifest.Object
	// isList: the frame is that of a ResourceList, so the text can be given back.
	isList bool
}

// item is one entry of items.
type item struct {
	text          string
	start, indent int
	// object is nil where the item cannot matter.
	object *manifest.Object
	before string // the object in YAML before the rendering, to see whether it changed
}

// Limits of a stream. Text that is no plain block form must be parsed as a whole, which takes some
// hundred times its size.
const (
	MaxStream = 128 << 20
	maxParsed = 2 << 20
)

var (
	topLevel  = regexp.MustCompile(`^([A-Za-z]+):`)
	listKinds = []string{"config.kubernetes.io/v1", "config.kubernetes.io/v1beta1"}
)

// errNotList says that the text is no ResourceList.
type errNotList struct{ reason string }

func (e errNotList) Error() string { return e.reason }

// parseStream reads a ResourceList. With an error there may be a stream all the same: it can be given
// back, though not understood.
func parseStream(text string) (*stream, error) {
	s := splitStream(text)
	var err error
	if s != nil {
		if err = s.parse(); err == nil || len(text) > maxParsed && s.isList {
			return s, err
		}
	}
	// Not the form that hosts write: parse it as a whole, and try again with what comes of it.
	if len(text) > maxParsed {
		return nil, fmt.Errorf("it is not in block form, and %d MiB is the most that is read in another: write one item below the other", maxParsed>>20)
	}
	plain, plainErr := blockForm(text)
	if plainErr != nil && s != nil && s.isList {
		return s, plainErr
	}
	if plainErr != nil {
		return nil, plainErr
	}
	if s = splitStream(plain); s == nil {
		return nil, errNotList{"it is no ResourceList with items"}
	}
	return s, s.parse()
}

// blockForm writes any YAML or JSON ResourceList in the form that splitStream reads.
func blockForm(text string) (string, error) {
	objects, err := manifest.Read("", []byte(text))
	if err != nil {
		return "", err
	}
	if len(objects) != 1 {
		return "", errNotList{fmt.Sprintf("it has %d YAML documents where one ResourceList belongs", len(objects))}
	}
	root := objects[0].Node
	if err := checkList(root); err != nil {
		return "", err
	}
	root.Style &^= yaml.FlowStyle
	if items := manifest.Get(root, "items"); items != nil {
		items.Style &^= yaml.FlowStyle
		for _, i := range items.Content {
			i.Style &^= yaml.FlowStyle
		}
	}
	if config := manifest.Get(root, "functionConfig"); config != nil {
		config.Style &^= yaml.FlowStyle
	}
	return kyaml.NewRNode(root).String()
}

func checkList(root *yaml.Node) error {
	version, kind := manifest.Text(manifest.Get(root, "apiVersion")), manifest.Text(manifest.Get(root, "kind"))
	if kind != kio.ResourceListKind || !slices.Contains(listKinds, version) {
		return errNotList{fmt.Sprintf("it is %q, not a ResourceList of %s", strings.TrimSpace(version+" "+kind), strings.Join(listKinds, " or "))}
	}
	if items := manifest.Get(root, "items"); items != nil && items.Kind != yaml.SequenceNode && items.ShortTag() != "!!null" {
		return errNotList{"its items are no list"}
	}
	return nil
}

// splitStream cuts block-form text at its top-level keys and at the dashes of items. Nil means that the
// text is not of that form.
func splitStream(text string) *stream {
	if strings.Contains(text, "\r") || strings.ContainsAny(text[:min(len(text), 1)], "{[\ufeff") {
		return nil
	}
	s := &stream{}
	var head, tail strings.Builder
	section, indent, seen := "", -1, map[string]bool{}
	end := 0
	for line := range strings.Lines(text) {
		end += len(line)
		m := topLevel.FindStringSubmatch(line)
		switch {
		case m != nil && seen[m[1]], strings.HasPrefix(line, "--- ") || strings.HasPrefix(line, "---\n") && len(seen) > 0:
			return nil
		case m != nil:
			section, seen[m[1]] = m[1], true
			if section == "items" && strings.TrimSpace(line) != "items:" && strings.TrimSpace(line) != "items: []" {
				return nil
			}
			if section == "items" {
				line = ""
			}
		case section == "items":
			if indent < 0 && strings.TrimSpace(line) != "" {
				indent = len(line) - len(strings.TrimLeft(line, " "))
			}
			if !s.addLine(text, end-len(line), end, indent) {
				return nil
			}
			continue
		}
		switch {
		case section == "results":
		case seen["items"]:
			tail.WriteString(line)
		default:
			head.WriteString(line)
		}
	}
	s.head, s.tail = head.String(), tail.String()
	return s
}

// addLine adds the line text[start:end] of items to the item that it belongs to.
func (s *stream) addLine(text string, start, end, indent int) bool {
	line := text[start:end]
	own := len(line) - len(strings.TrimLeft(line, " "))
	blank := strings.TrimSpace(line) == ""
	switch {
	case blank:
	case own == indent && strings.HasPrefix(line[own:], "- "):
		s.items = append(s.items, &item{indent: indent, start: start})
	case own <= indent:
		return false
	}
	if len(s.items) == 0 {
		return blank
	}
	last := s.items[len(s.items)-1]
	last.text = text[last.start:end]
	return true
}

// escapes that can spell any word inside double quotes.
var escapes = []string{`\x`, `\u`, `\U`, "\\\n"}

// matters tells whether an item can be one of ours, eni-config or Terway's DaemonSet, however it is
// spelled.
func (i *item) matters() bool {
	for _, word := range append(escapes, "chainlint.dev/", "eni-config", "terway-eniip") {
		if strings.Contains(i.text, word) {
			return true
		}
	}
	return false
}

func (s *stream) parse() error {
	frame, err := manifest.Read("", []byte(s.head+"items: []\n"+s.tail))
	if err != nil {
		return err
	}
	if len(frame) != 1 {
		return errNotList{"it is no ResourceList"}
	}
	if err := checkList(frame[0].Node); err != nil {
		return err
	}
	s.isList = true
	if config := manifest.Get(frame[0].Node, "functionConfig"); config != nil && config.Kind == yaml.MappingNode {
		s.config = hosted(config)
	}
	for _, i := range s.items {
		if !i.matters() {
			continue
		}
		text := i.text[:i.indent] + " " + i.text[i.indent+1:] // the dash becomes a blank, so the item is a document
		objects, err := manifest.Read("", []byte(text))
		if err != nil {
			return err
		}
		if len(objects) != 1 {
			return errNotList{"an item is no object"}
		}
		i.object = hosted(objects[0].Node)
		i.before = encoded(i.object.Node)
	}
	return nil
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

// objects are the items that were parsed.
func (s *stream) objects() []*manifest.Object {
	var all []*manifest.Object
	for _, i := range s.items {
		if i.object != nil {
			all = append(all, i.object)
		}
	}
	return all
}

// add appends an item.
func (s *stream) add(o *manifest.Object) {
	indent := 0
	if len(s.items) > 0 {
		indent = s.items[0].indent
	}
	s.items = append(s.items, &item{indent: indent, object: o})
}

// write gives the list back: parsed items that changed are written anew, everything else as it came.
func (s *stream) write(w io.Writer, results framework.Results) error {
	out := &errWriter{w: w}
	out.print(s.head)
	if len(s.items) == 0 {
		out.print("items: []\n")
	} else {
		out.print("items:\n")
	}
	for _, i := range s.items {
		out.print(i.String())
	}
	out.print(s.tail)
	if len(results) > 0 {
		text, err := kyaml.Marshal(map[string]any{"results": results})
		if err != nil {
			return err
		}
		out.print(string(text))
	}
	return out.err
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
	var b bytes.Buffer
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

type errWriter struct {
	w   io.Writer
	err error
}

func (e *errWriter) print(text string) {
	if e.err == nil && text != "" {
		if !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		_, e.err = io.WriteString(e.w, text)
	}
}
