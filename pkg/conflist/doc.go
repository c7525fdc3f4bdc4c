// SPDX-License-Identifier: Apache-2.0

// Package conflist reads and writes the JSON of a CNI configuration list as text.
//
// Decoding JSON into Go values loses what a linter and a careful renderer live on: where a value
// stands, the order of the members, duplicate keys and the spelling of numbers. This package keeps
// all four. [Parse] turns text into a tree of [Node] values, each with the byte range it was written
// in; [List] is the view of a CNI list (plugins and their types) on top of it; [Format] writes
// canonical text.
//
// It knows neither Kubernetes nor Terway, and it never judges: which lists a node accepts is the
// business of its callers.
package conflist
