// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/conflist"
)

// parse reads a text of this package's tables.
func parse(text string) *conflist.Node {
	n, err := conflist.Parse(text)
	if err != nil {
		panic(text + ": " + err.Error())
	}
	return n
}

// print writes a tree that was changed, with everything that stands in it twice.
func print(n *conflist.Node) string {
	var parts []string
	switch n.Kind {
	case conflist.Object:
		for _, m := range n.Members {
			parts = append(parts, m.Key.Text+":"+print(m.Value))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case conflist.Array:
		for _, e := range n.Elements {
			parts = append(parts, print(e))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return n.Text
}

func member(name, value string) conflist.Member {
	key, err := json.Marshal(name)
	if err != nil {
		panic(err)
	}
	return conflist.Member{Key: parse(string(key)), Value: parse(value)}
}

func pick[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

// mutation changes a list; it may find nothing to change.
type mutation func(r *rand.Rand, list *conflist.Node)

// mutations, by how often they are tried.
var mutations = slices.Concat(
	slices.Repeat([]mutation{setKey}, 8),
	slices.Repeat([]mutation{addPlugin}, 4),
	slices.Repeat([]mutation{setSysctl}, 4),
	slices.Repeat([]mutation{setCommonKey}, 3),
	slices.Repeat([]mutation{wrongType}, 3),
	[]mutation{addTwin, addTwin, setTerwayKey, setTerwayKey, dropMember, unknownKey, swapPlugins, repeatPlugin, dropPlugin, badEntry, badShape, setOutside},
)

// base is one of the known lists, or, more often, one of plugins that work.
func base(r *rand.Rand, known []string) string {
	if r.IntN(5) == 0 {
		return pick(r, known)
	}
	list := plainConf
	for range r.IntN(4) {
		list += "," + pick(r, entries[:workingEntries])
	}
	return `{"plugins":[` + list + "]}"
}

// generate changes a list up to four times.
func generate(r *rand.Rand, start string) string {
	list := parse(start)
	for range pick(r, []int{0, 1, 1, 1, 1, 2, 2, 2, 3, 4}) {
		pick(r, mutations)(r, list)
	}
	text := print(list)
	if r.IntN(40) == 0 {
		text = pick(r, []func(string) string{
			func(s string) string { return strings.TrimSuffix(s, "]}") + ",]}" },
			func(s string) string { return s + "// comment" },
			func(s string) string { return "\uFEFF" + s },
			func(s string) string { return s[:len(s)-1] },
			func(string) string { return "" },
			func(s string) string { return s + " {}" },
		})(text)
	}
	return text
}

// pluginsOf are the elements of the list's plugins, nil where it is no array.
func pluginsOf(list *conflist.Node) *conflist.Node {
	p := list.Get("plugins")
	if p == nil || p.Kind != conflist.Array || len(p.Elements) == 0 {
		return nil
	}
	return p
}

// entry picks a plugin that is an object; one other than terway where there is one.
func entry(r *rand.Rand, list *conflist.Node) *conflist.Node {
	p := pluginsOf(list)
	if p == nil {
		return nil
	}
	objects := slices.DeleteFunc(slices.Clone(p.Elements), func(e *conflist.Node) bool { return e.Kind != conflist.Object })
	others := slices.DeleteFunc(slices.Clone(objects), func(e *conflist.Node) bool { return e.Get("type").String() == "terway" })
	switch {
	case len(others) > 0:
		return pick(r, others)
	case len(objects) > 0:
		return pick(r, objects)
	}
	return nil
}

// set replaces a member, or adds it.
func set(e *conflist.Node, name, value string) {
	e.Members = append(slices.DeleteFunc(e.Members, func(m conflist.Member) bool { return m.Name() == name }), member(name, value))
}

func setKey(r *rand.Rand, list *conflist.Node) {
	if e := entry(r, list); e != nil {
		keys := keysOf[e.Get("type").String()]
		if len(keys) > 0 {
			key := pick(r, keys)
			set(e, key, pick(r, valuesOf[key]))
		}
	}
}

func wrongType(r *rand.Rand, list *conflist.Node) {
	if e := entry(r, list); e != nil {
		keys := slices.Concat(keysOf[e.Get("type").String()], []string{"capabilities", "ipam", "dns", "prevResult", "args", "runtimeConfig"})
		set(e, pick(r, keys), pick(r, anyValues))
	}
}

func setCommonKey(r *rand.Rand, list *conflist.Node) {
	if e := entry(r, list); e != nil {
		key := pick(r, commonKeys)
		set(e, key, pick(r, valuesOf[key]))
	}
}

func setTerwayKey(r *rand.Rand, list *conflist.Node) {
	if p := pluginsOf(list); p != nil && p.Elements[0].Kind == conflist.Object {
		key := pick(r, terwayKeys)
		set(p.Elements[0], key, pick(r, valuesOf[key]))
	}
}

// addTwin writes a member again in other letters, with a value for its key, or any.
func addTwin(r *rand.Rand, list *conflist.Node) {
	e := entry(r, list)
	if e == nil || len(e.Members) == 0 {
		return
	}
	name := pick(r, e.Members).Name()
	values := slices.Concat(valuesOf[name], anyValues)
	twin := pick(r, []string{strings.ToUpper(name), strings.ToLower(name), strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):], name})
	e.Members = slices.Insert(e.Members, r.IntN(len(e.Members)+1), member(twin, pick(r, values)))
}

func unknownKey(r *rand.Rand, list *conflist.Node) {
	if e := entry(r, list); e != nil {
		set(e, pick(r, []string{"masqall ", "sysctls", "mark_masq_bit", "comment", "_comment", "capability", "x"}), pick(r, anyValues))
	}
}

func dropMember(r *rand.Rand, list *conflist.Node) {
	if e := entry(r, list); e != nil && len(e.Members) > 0 {
		i := r.IntN(len(e.Members))
		e.Members = slices.Delete(e.Members, i, i+1)
	}
}

func setSysctl(r *rand.Rand, list *conflist.Node) {
	p := pluginsOf(list)
	if p == nil {
		return
	}
	i := slices.IndexFunc(p.Elements, func(e *conflist.Node) bool { return e.Get("type").String() == "tuning" })
	if i < 0 {
		i = len(p.Elements)
		p.Elements = append(p.Elements, parse(`{"type":"tuning"}`))
	}
	sysctls := p.Elements[i].Get("sysctl")
	if sysctls == nil || sysctls.Kind != conflist.Object {
		set(p.Elements[i], "sysctl", "{}")
		sysctls = p.Elements[i].Get("sysctl")
	}
	key := pick(r, slices.Concat(goodSysctls, goodSysctls, badSysctls))
	value := pick(r, []string{"1", "1", "1", "0", "100", "", " 1", "0x1", "-1", "abc", "1.5", "99999999999", "1024 65000", "65000 1024"})
	text, _ := json.Marshal(value)
	if r.IntN(20) == 0 {
		text = []byte(pick(r, []string{"1", "true", "null", "[]", "{}"}))
	}
	sysctls.Members = append(sysctls.Members, member(key, string(text)))
}

func addPlugin(r *rand.Rand, list *conflist.Node) {
	if p := pluginsOf(list); p != nil {
		at := 1 + r.IntN(len(p.Elements))
		if r.IntN(6) == 0 {
			at = 0
		}
		p.Elements = slices.Insert(p.Elements, at, parse(pick(r, entries)))
	}
}

func swapPlugins(r *rand.Rand, list *conflist.Node) {
	if p := pluginsOf(list); p != nil {
		i, j := r.IntN(len(p.Elements)), r.IntN(len(p.Elements))
		p.Elements[i], p.Elements[j] = p.Elements[j], p.Elements[i]
	}
}

func repeatPlugin(r *rand.Rand, list *conflist.Node) {
	if p := pluginsOf(list); p != nil {
		p.Elements = append(p.Elements, parse(print(pick(r, p.Elements))))
	}
}

func dropPlugin(r *rand.Rand, list *conflist.Node) {
	if p := pluginsOf(list); p != nil {
		i := r.IntN(len(p.Elements))
		p.Elements = slices.Delete(p.Elements, i, i+1)
	}
}

func badEntry(r *rand.Rand, list *conflist.Node) {
	if p := pluginsOf(list); p != nil {
		text := pick(r, []string{"null", "[]", `"portmap"`, "{}", `{"type":""}`, `{"type":null}`, `{"type":7}`, `{"Type":"portmap"}`, `{"type":"portmap","tyPe":5}`, `{"type":" portmap"}`})
		p.Elements = slices.Insert(p.Elements, r.IntN(len(p.Elements)+1), parse(text))
	}
}

func badShape(r *rand.Rand, list *conflist.Node) {
	if list.Kind == conflist.Object {
		set(list, "plugins", pick(r, []string{"null", "[]", "{}", `"x"`, "1", `{"a":{"type":"terway"}}`, `[{"type":"terway"}]`}))
	}
	if r.IntN(3) == 0 {
		*list = *parse(pick(r, []string{"[]", "{}", "null", `"x"`, `{"type":"terway"}`, `{"type":"portmap"}`, `{"Plugins":[{"type":"terway"}]}`, `[{"type":"terway"}]`}))
	}
}

// setOutside sets members of the list itself, all of which Terway drops.
func setOutside(r *rand.Rand, list *conflist.Node) {
	if list.Kind == conflist.Object {
		set(list, pick(r, []string{"name", "cniVersion", "disableCheck", "cniVersions", "loadOnlyInlinedPlugins", "x"}), pick(r, anyValues))
	}
}
