// SPDX-License-Identifier: Apache-2.0

package input

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/nearest"
	"github.com/chainlint/chainlint/internal/schema"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Assumption is what a flag says in place of the facts of chains. None at all, nil, changes nothing.
type Assumption struct {
	// Given is KEY=VALUE as typed.
	Given []string
	// flag that it came by, for messages.
	flag string
	// spec is a ClusterFacts' spec with nothing but that; paths are its leaves.
	spec  map[string]any
	paths [][]string
}

// ParseAssumption reads the values of a flag, which messages name; the schema of ClusterFacts judges the values.
func ParseAssumption(flag string, given []string) (*Assumption, render.Problems) {
	if len(given) == 0 {
		return nil, nil
	}
	a := &Assumption{Given: given, flag: flag, spec: map[string]any{}}
	kinds := map[string]reflect.Type{}
	factKinds(reflect.TypeFor[terway.Facts](), "", kinds)
	for _, one := range given {
		key, text, ok := strings.Cut(one, "=")
		if !ok {
			return nil, Usage("%s %s: write KEY=VALUE, such as terway.version=%s", flag, one, terway.Newest)
		}
		kind, path := factKind(kinds, key)
		if kind == nil {
			return nil, Usage("%s %s: there is no fact %s: %s", flag, one, key, nearest.Hint(key, slices.Sorted(maps.Keys(kinds))))
		}
		value, err := factValue(kind, text)
		if err != nil {
			return nil, Usage("%s %s: %v", flag, one, err)
		}
		setPath(a.spec, path, value)
		a.paths = append(a.paths, path)
	}
	return a, a.check()
}

// factKinds are the Go types of all facts, by their dotted path.
func factKinds(t reflect.Type, at string, into map[string]reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		kind := f.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		switch {
		case f.Anonymous:
			factKinds(kind, at, into)
		case kind.Kind() == reflect.Struct:
			factKinds(kind, at+name+".", into)
		case kind.Kind() != reflect.Slice || kind.Elem().Kind() != reflect.Struct: // no nodePools
			into[at+name] = kind
		}
	}
}

// factKind of a key; under a map of facts the last part of the key is free, such as cniPlugins.versions.portmap.
func factKind(kinds map[string]reflect.Type, key string) (reflect.Type, []string) {
	if kind, ok := kinds[key]; ok && kind.Kind() != reflect.Map {
		return kind, strings.Split(key, ".")
	}
	if i := strings.LastIndexByte(key, '.'); i > 0 && i < len(key)-1 {
		if kind, ok := kinds[key[:i]]; ok && kind.Kind() == reflect.Map {
			return kind.Elem(), strings.Split(key, ".")
		}
	}
	return nil, nil
}

func factValue(kind reflect.Type, text string) (any, error) {
	switch {
	case kind.Kind() == reflect.Bool && text != "true" && text != "false":
		return nil, fmt.Errorf("it is true or false, not %q", text)
	case kind.Kind() == reflect.Bool:
		return text == "true", nil
	case kind.Kind() == reflect.Slice && text == "":
		return []any{}, nil
	case kind.Kind() == reflect.Slice:
		var list []any
		for part := range strings.SplitSeq(text, ",") {
			list = append(list, part)
		}
		return list, nil
	}
	return text, nil
}

func setPath(into map[string]any, path []string, value any) {
	for _, key := range path[:len(path)-1] {
		next, ok := into[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			into[key] = next
		}
		into = next
	}
	into[path[len(path)-1]] = value
}

func (a *Assumption) check() render.Problems {
	if list, ok := lookUp(a.spec, "node", "tuningAllowlist").(map[string]any); ok && list["present"] == nil {
		list["present"] = true // there are lines
	}
	text, err := json.Marshal(map[string]any{"apiVersion": manifest.Group, "kind": "ClusterFacts", "metadata": map[string]any{"name": "assumed"}, "spec": a.spec})
	if err != nil {
		return Unreadable(err)
	}
	found, err := schema.Validate("ClusterFacts", text)
	if err != nil {
		return Unreadable(err)
	}
	if len(found) > 0 {
		return Usage("%s %s: %s", a.flag, strings.ReplaceAll(strings.TrimPrefix(found[0].Pointer, "/spec/"), "/", "."), found[0].Message)
	}
	return nil
}

func lookUp(in map[string]any, path ...string) any {
	var at any = in
	for _, key := range path {
		inner, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = inner[key]
	}
	return at
}

// Facts of a chain under the assumption, which holds in every node pool.
func (a *Assumption) Facts(own terway.Facts) (terway.Facts, error) {
	if a == nil {
		return own, nil
	}
	var generic map[string]any
	if err := convert(own, &generic); err != nil {
		return own, err
	}
	pools, _ := generic["nodePools"].([]any)
	for _, path := range a.paths {
		setPath(generic, path, lookUp(a.spec, path...))
		for _, pool := range pools {
			forget(pool, path)
		}
	}
	if list, ok := lookUp(a.spec, "node", "tuningAllowlist").(map[string]any); ok {
		setPath(generic, []string{"node", "tuningAllowlist"}, list)
	}
	var assumed terway.Facts
	err := convert(generic, &assumed)
	return assumed, err
}

// forget takes a fact out of a pool, so that the cluster's holds there, too. An allow-list is one fact.
func forget(pool any, path []string) {
	for i, key := range path {
		inner, ok := pool.(map[string]any)
		if !ok {
			return
		}
		if i == len(path)-1 || key == "tuningAllowlist" {
			delete(inner, key)
			return
		}
		pool = inner[key]
	}
}

// convert goes through JSON, which all facts are.
func convert(from, to any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}
