// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"encoding/base64"
	"errors"

	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Annotations of a ConfigMap that the linter reads.
const (
	PartialAnnotation = "chainlint.dev/partial"
	waivePrefix       = "chainlint.dev/waive."
)

// Wishes are what intents ask of a chain, where they are known; without them only the chain speaks.
type Wishes struct{ HostPorts, Public, NoIPv6 bool }

// Chain is one eni-config, or one bare list, as it is written.
type Chain struct {
	// File it stands in; Object is nil for a bare list.
	File   string
	Object *manifest.Object
	// Texts are the keys of data, decoded.
	Texts map[string]string
	// Docs are the parsed texts of the keys that hold JSON; Broken says why one could not be parsed.
	Docs   map[string]*conflist.Node
	Broken map[string]*conflist.SyntaxError
	// Partial: keys that are absent are the live object's.
	Partial bool
	// Fragment: a patch, which changes an object that is not at hand.
	Fragment bool
	// Wishes of the intents that the chain was rendered from.
	Wishes Wishes
	// Before is the state before the change, nil where it is unknown.
	Before *Chain

	binary map[string]bool
	// odd are the keys of data whose values are no text.
	odd []oddValue
}

type oddValue struct {
	key  string
	node *yaml.Node
}

// jsonKeys hold JSON documents that the linter looks into; eni_conf it only decodes.
var jsonKeys = []string{terway.ConfKey, terway.ConflistName}

// NewChain reads a ConfigMap.
func NewChain(o *manifest.Object) *Chain {
	c := &Chain{File: o.File, Object: o, Texts: map[string]string{}, binary: map[string]bool{}}
	c.readData(manifest.Get(o.Node, "data"), false)
	c.readData(manifest.Get(o.Node, "binaryData"), true)
	c.parse()
	_, hasConf := c.Texts[terway.ConfKey]
	_, hasENIConf := c.Texts[terway.ENIConfKey]
	c.Partial = c.annotatedPartial() || !hasConf || !hasENIConf
	return c
}

// annotatedPartial: somebody said that the object holds only some keys of the live one.
func (c *Chain) annotatedPartial() bool {
	return c.Object == nil || c.Object.Annotation(PartialAnnotation) == "true"
}

// NewList reads a bare list: the text of a *.conflist file.
func NewList(file, text string) *Chain {
	c := &Chain{File: file, Texts: map[string]string{terway.ConflistName: text}, Partial: true}
	c.parse()
	return c
}

func (c *Chain) readData(data *yaml.Node, binary bool) {
	if data == nil || data.Kind != yaml.MappingNode {
		return
	}
	c.readMembers(data, binary, false)
	for _, m := range manifest.Merges(data) {
		c.readMembers(m, binary, true)
	}
}

// readMembers reads the keys of a mapping; those of one that is merged in do not count where they stand in data
// itself.
func (c *Chain) readMembers(data *yaml.Node, binary, merged bool) {
	for i := 0; i+1 < len(data.Content); i += 2 {
		key, value := data.Content[i].Value, manifest.Follow(data.Content[i+1])
		if _, taken := c.Texts[key]; data.Content[i].ShortTag() == "!!merge" || merged && taken {
			continue
		}
		text := value.Value
		if value.Kind != yaml.ScalarNode || value.ShortTag() != "!!str" && value.ShortTag() != "!!binary" {
			c.odd = append(c.odd, oddValue{key, value})
			continue
		}
		if binary || value.ShortTag() == "!!binary" {
			raw, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				c.odd = append(c.odd, oddValue{key, value})
				continue
			}
			text, c.binary[key] = string(raw), true
		}
		c.Texts[key] = text
	}
}

func (c *Chain) parse() {
	c.Docs, c.Broken = map[string]*conflist.Node{}, map[string]*conflist.SyntaxError{}
	for _, key := range jsonKeys {
		text, ok := c.Texts[key]
		if !ok {
			continue
		}
		node, err := conflist.Parse(text)
		var syntax *conflist.SyntaxError
		if errors.As(err, &syntax) {
			c.Broken[key] = syntax
			continue
		}
		c.Docs[key] = node
	}
}

// Ref is the object's name, the zero value for a bare list.
func (c *Chain) Ref() manifest.Ref {
	if c.Object == nil {
		return manifest.Ref{}
	}
	return c.Object.Ref()
}

// positioned tells whether lines and columns of the file are known.
func (c *Chain) positioned() bool { return c.Object == nil || c.Object.Positioned() }
