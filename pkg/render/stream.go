// SPDX-License-Identifier: Apache-2.0

package render

import (
	"errors"
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

// stream is a ResourceList as text. Every item is parsed, one at a time; only those that matter are
// kept, all others leave as the bytes they came in.
type stream struct {
	// head is everything up to the first item, tail what stands behind the last one but results.
	head, tail string
	items      []*item
	config     *manifest.Object
	// intact: everything is YAML, so the list can be given back though it was not understood.
	intact bool
}

// Limits of a stream. A YAML tree takes up to several hundred times its text, so what is parsed at a time
// and what is kept is bounded; the cluster takes no object of more than 1.5 MiB anyway.
const (
	MaxStream = 128 << 20
	maxItem   = 2 << 20
	maxKept   = 4 << 20
)

var (
	topLevel  = regexp.MustCompile(`^([A-Za-z]+):`)
	listKinds = []string{"config.kubernetes.io/v1", "config.kubernetes.io/v1beta1"}
)

// errNotList says that the text is no ResourceList.
type errNotList struct{ reason string }

func (e errNotList) Error() string { return e.reason }

// parseStream reads a ResourceList. Text that is not in the form that hosts write (JSON, flow style,
// CRLF) is parsed as a whole and written in that form first.
func parseStream(text string) (*stream, error) {
	s := splitStream(text)
	if s == nil {
		if len(text) > maxItem {
			return nil, fmt.Errorf("it is not in block form, and %d MiB is the most that is read in another: write one item below the other", maxItem>>20)
		}
		plain, err := blockForm(text)
		if err != nil {
			return nil, err
		}
		if s = splitStream(plain); s == nil {
			return nil, errNotList{"it is no ResourceList with a list of items"}
		}
	}
	return s, s.parse()
}

// blockForm writes any YAML or JSON ResourceList in the form that splitStream reads. Comments beside the
// items go; those inside stay.
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
	root.Style = 0
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		*key = yaml.Node{Kind: yaml.ScalarNode, Value: key.Value}
		value.Style &^= yaml.FlowStyle
		value.HeadComment, value.LineComment, value.FootComment = "", "", ""
		for _, entry := range value.Content {
			if key.Value == "items" {
				entry.Style &^= yaml.FlowStyle
				entry.HeadComment, entry.FootComment = "", ""
			}
		}
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
	section, indent, end, seen := "", -1, 0, map[string]bool{}
	for line := range strings.Lines(text) {
		end += len(line)
		m := topLevel.FindStringSubmatch(line)
		switch {
		case m != nil && seen[m[1]], m == nil && !continues(line) && end > len(line):
			return nil
		case m != nil:
			section, seen[m[1]] = m[1], true
			if section == "items" && !slices.Contains([]string{"items:", "items: []", "items: null"}, strings.TrimSpace(line)) {
				return nil
			}
			if section == "items" {
				continue
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

// continues: a line that belongs to the section it stands in: indented, an entry, blank or a comment.
func continues(line string) bool {
	return strings.HasPrefix(line, "- ") || strings.ContainsAny(line[:1], " \n#")
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
	case own <= indent && (line[own] != '#' || len(s.items) == 0):
		return false
	}
	if len(s.items) == 0 {
		return blank
	}
	last := s.items[len(s.items)-1]
	last.text = text[last.start:end]
	return true
}

// parse reads the frame and every item.
func (s *stream) parse() error {
	if len(s.head)+len(s.tail) > maxItem {
		return fmt.Errorf("what stands beside the items is larger than %d MiB, the most that is read", maxItem>>20)
	}
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
	if config := manifest.Get(frame[0].Node, "functionConfig"); config != nil && config.Kind == yaml.MappingNode && len(config.Content) > 0 {
		s.config = hosted(config)
	}
	return s.parseItems()
}

// parseItems reads all items, also behind a bad one: whether the list can be given back depends on all.
func (s *stream) parseItems() error {
	var first error
	kept := 0
	s.intact = true
	for i, entry := range s.items {
		err := entry.parse()
		if err != nil && first == nil {
			first = fmt.Errorf("item %d: %w", i+1, err)
		}
		s.intact = s.intact && !errors.As(err, new(errNotYAML))
		if entry.object != nil {
			kept += len(entry.text)
		}
		if kept > maxKept {
			return fmt.Errorf("the intents, facts and eni-configs among the items are larger than %d MiB, the most that is read", maxKept>>20)
		}
	}
	return first
}

// objects are the items that matter.
func (s *stream) objects() []*manifest.Object {
	var all []*manifest.Object
	for _, i := range s.items {
		if i.object != nil {
			all = append(all, i.object)
		}
	}
	return all
}

// replace makes one object all there is: what a generator gives back.
func (s *stream) replace(o *manifest.Object) {
	s.items = []*item{{object: o}}
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

// EachItem calls fn for every object of a List in the form that kubectl prints, one at a time, so that a
// list of any size takes little memory. ok is false where the text is not of that form.
func EachItem(text string, fn func(*manifest.Object)) (ok bool, err error) {
	s := splitStream(text)
	if s == nil || len(s.items) == 0 {
		return false, nil
	}
	for i, entry := range s.items {
		objects, err := manifest.Read("", []byte(entry.document()))
		if err != nil {
			return true, fmt.Errorf("item %d: %w", i+1, err)
		}
		for _, o := range objects {
			fn(o)
		}
	}
	return true, nil
}
