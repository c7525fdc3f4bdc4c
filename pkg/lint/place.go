// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/conflist"
)

// Place is a written token: in the JSON inside a ConfigMap's key, or in the object itself.
type Place struct {
	// Path is the JSON pointer into the object of the scalar that holds the token, such as
	// /data/10-terway.conflist.
	Path string
	// OnKey: the YAML key itself is meant, not its value.
	OnKey bool
	// Key of the ConfigMap, "" where the place is outside data.
	Key string
	// Pointer into the document under Key, "" for the whole.
	Pointer string
	// Start and End are the half-open byte range of the token in the value; Start is -1 where the whole is meant.
	Start, End int
}

// objectPlace is a place in the object, outside of embedded documents.
func objectPlace(path string, onKey bool) Place { return Place{Path: path, OnKey: onKey, Start: -1} }

// keyPlace is a key of the ConfigMap.
func keyPlace(key string) Place {
	return Place{Path: dataPath(key), OnKey: true, Key: key, Start: -1}
}

// nodePlace is a value in the document under a key.
func nodePlace(key, pointer string, n *conflist.Node) Place {
	return Place{Path: dataPath(key), Key: key, Pointer: pointer, Start: n.Start, End: n.End}
}

func dataPath(key string) string { return "/data/" + conflist.EscapePointer(key) }

// Span is where a place stands in its file: from the first character, to behind the last one.
type Span struct{ From, To manifest.Position }

// locate finds the token in the file, and, where only the value is known, in the value.
func (c *Chain) locate(at Place) Span {
	if c.Object == nil {
		text := c.Texts[at.Key]
		return Span{positionIn(c.File, text, max(at.Start, 0)), positionIn(c.File, text, max(at.End, 0))}
	}
	if at.Start >= 0 && !c.binary[at.Key] {
		from, to := c.Object.Inside(at.Path, at.Start, at.End)
		return Span{from, to}
	}
	from, to := c.Object.Token(at.Path, at.OnKey)
	return Span{from, to}
}

// within is the token's span in the decoded value, for hosts that re-emit the file.
func (c *Chain) within(at Place) Span {
	if at.Start < 0 {
		return Span{}
	}
	text := c.Texts[at.Key]
	return Span{positionIn("", text, at.Start), positionIn("", text, at.End)}
}

// positionIn is the 1-based line and column, in code points, of a byte of text.
func positionIn(file, text string, offset int) manifest.Position {
	return manifest.PositionIn(file, text, offset)
}
