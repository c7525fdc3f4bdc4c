// SPDX-License-Identifier: Apache-2.0

package krm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/kyaml/kio"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/chainlint/chainlint/internal/manifest"
)

var (
	topLevel  = regexp.MustCompile(`^([A-Za-z]+):`)
	listKinds = []string{"config.kubernetes.io/v1", "config.kubernetes.io/v1beta1"}
)

// errNotList says that the text is no ResourceList.
type errNotList struct{ reason string }

func (e errNotList) Error() string { return e.reason }

// blockForm writes any YAML or JSON ResourceList in the form that split reads. Comments beside the
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

// split cuts block-form text at its top-level keys and at the dashes of items. It returns false for text of
// another form, and has then done nothing.
func (s *stream) split(text string) bool {
	if strings.Contains(text, "\r") || strings.ContainsAny(text[:min(len(text), 1)], "{[\ufeff") {
		return false
	}
	c := cutter{text: text, indent: -1, seen: map[string]bool{}}
	for line := range strings.Lines(text) {
		if !c.line(line) {
			return false
		}
	}
	s.head, s.tail, s.items = c.head.String(), c.tail.String(), c.items
	return true
}

// cutter goes through a text, line by line.
type cutter struct {
	text       string
	end        int // of the line at hand
	section    string
	seen       map[string]bool
	head, tail strings.Builder
	indent     int // of the items' dashes, -1 before the first one
	items      []*item
}

// emptyItems are the spellings of the key that split knows.
var emptyItems = []string{"items:", "items: []", "items: null"}

// line takes the next line; false means that the text is of another form.
func (c *cutter) line(line string) bool {
	c.end += len(line)
	if m := topLevel.FindStringSubmatch(line); m != nil {
		if c.seen[m[1]] || m[1] == "items" && !slices.Contains(emptyItems, strings.TrimSpace(line)) {
			return false
		}
		c.section, c.seen[m[1]] = m[1], true
		if c.section == "items" {
			return true
		}
	} else if !continues(line) && c.end > len(line) {
		return false
	}
	switch {
	case c.section == "items":
		return c.itemLine(line)
	case c.section == "results": // those of this run take their place
	case c.seen["items"]:
		c.tail.WriteString(line)
	default:
		c.head.WriteString(line)
	}
	return true
}

// continues: a line that belongs to the section it stands in: indented, an entry, blank or a comment.
func continues(line string) bool {
	return strings.HasPrefix(line, "- ") || strings.ContainsAny(line[:1], " \n#")
}

// itemLine adds a line of items to the item that it belongs to.
func (c *cutter) itemLine(line string) bool {
	own := len(line) - len(strings.TrimLeft(line, " "))
	blank := strings.TrimSpace(line) == ""
	if c.indent < 0 && !blank {
		c.indent = own
	}
	switch {
	case blank:
	case own == c.indent && strings.HasPrefix(line[own:], "- "):
		c.items = append(c.items, &item{indent: c.indent, start: c.end - len(line)})
	case own <= c.indent && (line[own] != '#' || len(c.items) == 0):
		return false
	}
	if len(c.items) == 0 {
		return blank
	}
	last := c.items[len(c.items)-1]
	last.text = c.text[last.start:c.end]
	return true
}
