// SPDX-License-Identifier: Apache-2.0

package conflist

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Kind is the JSON type of a [Node].
type Kind string

// The six JSON types.
const (
	Null   Kind = "null"
	Bool   Kind = "boolean"
	Number Kind = "number"
	String Kind = "string"
	Array  Kind = "array"
	Object Kind = "object"
)

// Node is one JSON value exactly as it was written.
type Node struct {
	Kind Kind
	// Start and End are the half-open byte range of the value in the parsed text.
	Start, End int
	// Text is what stands in that range.
	Text string
	// Members of an object, in the order written; a key that was written twice is there twice.
	Members []Member
	// Elements of an array.
	Elements []*Node
}

// Member is one key and value of an object.
type Member struct {
	// Key is a string node.
	Key *Node
	// Value belongs to Key.
	Value *Node
}

// Name is the decoded key.
func (m Member) Name() string { return m.Key.String() }

// String is the decoded value of a string node, and "" for every other kind.
func (n *Node) String() string {
	if n == nil || n.Kind != String {
		return ""
	}
	var s string
	if err := json.Unmarshal([]byte(n.Text), &s); err != nil {
		return ""
	}
	return s
}

// IsTrue tells whether the node is the literal true.
func (n *Node) IsTrue() bool { return n != nil && n.Kind == Bool && n.Text == "true" }

// Get returns the value of the last member with that key, as every JSON decoder in Go would, or nil.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for i := len(n.Members) - 1; i >= 0; i-- {
		if n.Members[i].Name() == key {
			return n.Members[i].Value
		}
	}
	return nil
}

// Duplicate is a member whose key stood before it in the same object.
type Duplicate struct {
	Member
	// Pointer of the member.
	Pointer string
}

// Duplicate returns the first duplicate of the tree and its JSON pointer. ok is false if there is none.
func (n *Node) Duplicate() (dup Member, pointer string, ok bool) {
	all := n.Duplicates()
	if len(all) == 0 {
		return Member{}, "", false
	}
	return all[0].Member, all[0].Pointer, true
}

// Duplicates are all members whose key stood before them in the same object, in the order of the text.
func (n *Node) Duplicates() []Duplicate {
	var found []Duplicate
	seen := map[*Node]map[string]bool{}
	n.walk("", func(pointer string, parent *Node, m *Member) {
		if m == nil {
			return
		}
		if seen[parent] == nil {
			seen[parent] = map[string]bool{}
		}
		if seen[parent][m.Name()] {
			found = append(found, Duplicate{*m, pointer})
		}
		seen[parent][m.Name()] = true
	})
	return found
}

// Walk calls visit for every value below and including n, with its JSON pointer, in the order of the text.
func (n *Node) Walk(visit func(pointer string, n *Node)) {
	visit("", n)
	n.walk("", func(pointer string, parent *Node, m *Member) {
		if m != nil {
			visit(pointer, m.Value)
			return
		}
		visit(pointer, parent)
	})
}

// walk visits members with the object that holds them, and elements (m is nil, parent the element).
func (n *Node) walk(at string, visit func(pointer string, parent *Node, m *Member)) {
	for i := range n.Members {
		here := at + "/" + EscapePointer(n.Members[i].Name())
		visit(here, n, &n.Members[i])
		n.Members[i].Value.walk(here, visit)
	}
	for i, e := range n.Elements {
		here := at + "/" + itoa(i)
		visit(here, e, nil)
		e.walk(here, visit)
	}
}

// Same tells whether two values mean the same to a decoder: order of members, spelling of numbers and
// escapes do not count.
func Same(a, b *Node) bool {
	var x, y any
	return a.Decode(&x) == nil && b.Decode(&y) == nil && reflect.DeepEqual(x, y)
}

// Compact is the value on one line, cut where it is long.
func (n *Node) Compact() string {
	text := strings.Join(strings.Fields(n.Text), " ")
	if len(text) > 80 {
		return "a longer value"
	}
	return text
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// EscapePointer escapes one reference token of a JSON pointer (RFC 6901).
func EscapePointer(token string) string { return pointerEscapes.Replace(token) }

// Names are the different keys of an object, in the order written.
func (n *Node) Names() []string {
	var names []string
	seen := map[string]bool{}
	for _, m := range n.Members {
		if name := m.Name(); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// Distinct are the members of an object without those that a later one of the same spelling replaces.
func (n *Node) Distinct() []Member {
	last := map[string]int{}
	for i, m := range n.Members {
		last[m.Name()] = i
	}
	var kept []Member
	for i, m := range n.Members {
		if last[m.Name()] == i {
			kept = append(kept, m)
		}
	}
	return kept
}

// Merged are the members that a plugin finds in a map under that key: as for [Node.Fold], but maps that stand
// under several spellings are poured into one, and null empties it. found is false where there is no map.
func (n *Node) Merged(key string) (members []Member, found bool) {
	spellings := slices.DeleteFunc(n.Distinct(), func(m Member) bool { return !strings.EqualFold(m.Name(), key) })
	slices.SortFunc(spellings, func(a, b Member) int { return strings.Compare(a.Name(), b.Name()) })
	for _, m := range spellings {
		switch m.Value.Kind {
		case Null:
			members, found = nil, false
		case Object:
			members, found = append(members, m.Value.Distinct()...), true
		}
	}
	return members, found
}

// Fold returns the member that a CNI plugin takes for that key, nil if there is none. Plugins decode with
// encoding/json, which ignores the case of letters, and libcni hands the members over sorted, so of
// several spellings the last one in byte order counts; of one spelling written twice, the last.
func (n *Node) Fold(key string) *Member {
	var found *Member
	for i := range n.Members {
		m := &n.Members[i]
		if strings.EqualFold(m.Name(), key) && (found == nil || m.Name() >= found.Name()) {
			found = m
		}
	}
	return found
}

// Find is the value behind a JSON pointer, nil where there is none.
func (n *Node) Find(pointer string) *Node {
	if pointer == "" || n == nil {
		return n
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		i, err := strconv.Atoi(token)
		switch {
		case n.Kind == Array && err == nil && i >= 0 && i < len(n.Elements):
			n = n.Elements[i]
		default:
			n = n.Get(token)
		}
		if n == nil {
			return nil
		}
	}
	return n
}
