// SPDX-License-Identifier: Apache-2.0

// Package schematest helps tests to hold Go types against the published schemas.
package schematest

import (
	"reflect"
	"slices"
	"strings"
)

// Fields are the JSON names of a struct's fields, those of embedded structs included, sorted.
func Fields(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			names = append(names, Fields(f.Type)...)
		case name != "":
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
