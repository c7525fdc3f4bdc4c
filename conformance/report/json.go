// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema of report.json.
func Schema() []byte { return slices.Clone(schema) }

// Encode writes report.json.
func Encode(r *Report) ([]byte, error) {
	full := *r
	full.APIVersion = Version
	full.Facts = list(r.Facts)
	full.Specs = list(r.Specs)
	full.Target.Intents = list(r.Target.Intents)
	full.Verdict.Reasons = list(r.Verdict.Reasons)
	if r.Mutation != nil {
		m := *r.Mutation
		m.Mutants = list(m.Mutants)
		full.Mutation = &m
	}
	return marshal(full)
}

// list is never null in JSON.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// marshal is readable JSON without the escapes that only web pages need.
func marshal(doc any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(doc)
	return out.Bytes(), err
}

// Decode reads report.json. Another version is refused; fields that were added within this one are not minded.
// The error says at which line and column of the text the mistake is.
func Decode(text []byte) (*Report, error) {
	var version struct {
		APIVersion *string `json:"apiVersion"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return nil, jsonError(text, err)
	}
	switch {
	case version.APIVersion == nil:
		return nil, fmt.Errorf("it is no report of chainlint-conformance: it has no apiVersion (%s)", Version)
	case *version.APIVersion != Version:
		return nil, fmt.Errorf("it is a report of version %q, and this program reads %s: use the chainlint-conformance that wrote it", *version.APIVersion, Version)
	}
	r := &Report{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, jsonError(text, err)
	}
	return r, nil
}

// Read reads a report: a file, or a directory with a report.json as --report writes it.
func Read(name string) (*Report, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		name = filepath.Join(name, JSONFile)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, readError(err)
	}
	r, err := Decode(text)
	var at *placed
	switch {
	case errors.As(err, &at):
		return nil, fmt.Errorf("%s:%w", name, err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// readError says "read NAME: no such file or directory" where Go says "open".
func readError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("read %s: %w", path.Path, path.Err)
	}
	return err
}

// placed is an error at a line and a column, both from 1.
type placed struct {
	line, column int
	err          error
}

func (p *placed) Error() string {
	return fmt.Sprintf("%d:%d: it is no report: %v", p.line, p.column, p.err)
}
func (p *placed) Unwrap() error { return p.err }

func jsonError(text []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	offset := int64(len(text))
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
		err = fmt.Errorf("%s must be %s, and here is %s", or(kind.Field, "the document"), kind.Type, kind.Value)
	}
	before := string(text[:max(0, min(int(offset), len(text))-1)])
	row := strings.Count(before, "\n")
	return &placed{row + 1, len([]rune(before[strings.LastIndex(before, "\n")+1:])) + 1, err}
}
