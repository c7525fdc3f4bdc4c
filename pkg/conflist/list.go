// SPDX-License-Identifier: Apache-2.0

package conflist

// List is a CNI configuration list: the view of a [Node] that has plugins.
type List struct {
	// Root is the whole document.
	Root *Node
	// Plugins are the elements of its plugins array, in order; nil where there is none.
	Plugins []Plugin
}

// Plugin is one entry of a list.
type Plugin struct {
	*Node
	// Index in the plugins array.
	Index int
}

// ParseList reads text as JSON and looks at it as a list. Whether it is a good list is not judged:
// a document without plugins has none. The error is a [*SyntaxError].
func ParseList(text string) (*List, error) {
	root, err := Parse(text)
	if err != nil {
		return nil, err
	}
	list := &List{Root: root}
	if plugins := root.Get("plugins"); plugins != nil {
		for i, e := range plugins.Elements {
			list.Plugins = append(list.Plugins, Plugin{Node: e, Index: i})
		}
	}
	return list, nil
}

// Type is the plugin's type, "" where it is missing or no string.
func (p Plugin) Type() string { return p.Get("type").String() }

// Pointer is the JSON pointer of the plugin in its list.
func (p Plugin) Pointer() string { return "/plugins/" + itoa(p.Index) }

// Types are the types of all plugins, in order.
func (l *List) Types() []string {
	types := make([]string, len(l.Plugins))
	for i, p := range l.Plugins {
		types[i] = p.Type()
	}
	return types
}
