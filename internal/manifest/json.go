// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/pkg/conflist"
)

// maxNodes bounds what aliases may blow a document up to.
const maxNodes = 200_000

// JSON writes a YAML value as JSON text, in the order of the YAML and with numbers as they were
// spelled. Decoding into Go values first would lose both.
func JSON(n *yaml.Node) ([]byte, error) {
	w := jsonWriter{left: maxNodes}
	err := w.value(n)
	return []byte(w.out.String()), err
}

type jsonWriter struct {
	out  strings.Builder
	left int
}

func (w *jsonWriter) value(n *yaml.Node) error {
	if w.left--; w.left < 0 {
		return fmt.Errorf("line %d: aliases blow this document up to more than %d values", n.Line, maxNodes)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return w.value(n.Alias)
	case yaml.MappingNode:
		return w.sequence("{", "}", len(n.Content)/2, func(i int) error {
			key := n.Content[2*i]
			if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
				return fmt.Errorf("line %d: a key must be plain text; merge keys (<<) are not read", key.Line)
			}
			w.out.WriteString(conflist.Quote(key.Value) + ":")
			return w.value(n.Content[2*i+1])
		})
	case yaml.SequenceNode:
		return w.sequence("[", "]", len(n.Content), func(i int) error { return w.value(n.Content[i]) })
	}
	return w.scalar(n)
}

func (w *jsonWriter) sequence(open, end string, count int, item func(int) error) error {
	w.out.WriteString(open)
	for i := range count {
		if i > 0 {
			w.out.WriteByte(',')
		}
		if err := item(i); err != nil {
			return err
		}
	}
	w.out.WriteString(end)
	return nil
}

func (w *jsonWriter) scalar(n *yaml.Node) error {
	switch n.ShortTag() {
	case "!!null":
		w.out.WriteString("null")
	case "!!int", "!!float", "!!bool":
		return w.plain(n)
	default:
		w.out.WriteString(conflist.Quote(n.Value))
	}
	return nil
}

// plain keeps a number's spelling where JSON has it too; 0x10, 1_000 and True are rewritten.
func (w *jsonWriter) plain(n *yaml.Node) error {
	if json.Valid([]byte(n.Value)) {
		w.out.WriteString(n.Value)
		return nil
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return err
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("line %d: %s has no JSON form", n.Line, n.Value)
	}
	w.out.Write(text)
	return nil
}

// FromJSON is the YAML of a JSON value, block style, in the order of the JSON and with numbers as they
// were spelled. [JSON] gives the value back.
func FromJSON(n *conflist.Node) *yaml.Node {
	switch n.Kind {
	case conflist.Object:
		out := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		for _, m := range n.Members {
			out.Content = append(out.Content, text(m.Name()), FromJSON(m.Value))
		}
		return out
	case conflist.Array:
		out := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, e := range n.Elements {
			out.Content = append(out.Content, FromJSON(e))
		}
		return out
	case conflist.String:
		return text(n.String())
	case conflist.Number:
		tag := "!!int"
		if strings.ContainsAny(n.Text, ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: n.Text}
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: n.Text}
}

// text is a scalar that stays a text; the encoder quotes what would be something else.
func text(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	if s == "<<" {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}
