// SPDX-License-Identifier: Apache-2.0

package report

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/internal/nearest"
)

// The fields of an entry, the required ones first.
var (
	entryFields = []string{"id", "status", "reason", "link", "expires"}
	required    = entryFields[:3]
	acceptable  = []string{string(Fail), string(Inconclusive), string(Skipped)}
)

// ReadExpectations reads a file; see [ParseExpectations].
func ReadExpectations(file string) (*Expectations, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, readError(err)
	}
	return ParseExpectations(file, text)
}

// ParseExpectations reads the text of a file. The error has a line for every mistake, with file and line.
func ParseExpectations(file string, text []byte) (*Expectations, error) {
	documents, err := manifest.Documents(file, text)
	if err != nil {
		return nil, err
	}
	p := &entryReader{file: file}
	for _, document := range documents {
		if err := document.Unique(); err != nil {
			return nil, err
		}
		p.document(document.Node)
	}
	if p.mistakes == nil && p.entries == nil {
		return nil, fmt.Errorf("%s: it has no entries: write a list of id, status and reason, or leave --expectations out", file)
	}
	if p.mistakes != nil {
		return nil, errors.Join(p.mistakes...)
	}
	return &Expectations{file, p.entries}, nil
}

type entryReader struct {
	file     string
	entries  []expectation
	mistakes []error
}

func (p *entryReader) wrong(line int, format string, args ...any) {
	p.mistakes = append(p.mistakes, fmt.Errorf("%s:%d: %s", p.file, line, fmt.Sprintf(format, args...)))
}

func (p *entryReader) document(list *yaml.Node) {
	if list.Kind != yaml.SequenceNode {
		p.wrong(list.Line, "this is no list: write entries that begin with \"- id: HP-006\"")
		return
	}
	for _, node := range list.Content {
		before := len(p.mistakes)
		x := p.entry(node)
		if len(p.mistakes) > before {
			continue
		}
		if i := slices.IndexFunc(p.entries, func(o expectation) bool { return o.id == x.id && o.status == x.status }); i >= 0 {
			p.wrong(x.line, "%s has this entry already, in line %d: keep one", x.id, p.entries[i].line)
			continue
		}
		p.entries = append(p.entries, x)
	}
}

func (p *entryReader) entry(node *yaml.Node) expectation {
	line := node.Line
	node = manifest.Follow(node)
	if node.Kind != yaml.MappingNode {
		p.wrong(line, "an entry is a mapping with id, status and reason")
		return expectation{}
	}
	values := p.values(node)
	for _, name := range required {
		if _, ok := values[name]; !ok {
			p.wrong(line, "the entry has no %s: %s", name, missing[name])
		}
	}
	x := expectation{
		id: values["id"], status: Outcome(values["status"]), reason: values["reason"],
		link: values["link"], expires: values["expires"], line: line,
	}
	p.check(x, values)
	return x
}

var missing = map[string]string{
	"id":     "write which spec it is about, such as HP-006 or UDP-*",
	"status": "write which outcome is accepted: fail, inconclusive or skipped",
	"reason": "write why the outcome is accepted",
}

// values are the scalars of an entry, by the names of its fields.
func (p *entryReader) values(node *yaml.Node) map[string]string {
	values := map[string]string{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], manifest.Follow(node.Content[i+1])
		switch {
		case !slices.Contains(entryFields, key.Value):
			p.wrong(key.Line, "an entry has no field %q; %s", key.Value, nearest.Hint(key.Value, entryFields))
		case value.Kind != yaml.ScalarNode:
			p.wrong(value.Line, "%s must be a text", key.Value)
		case strings.TrimSpace(value.Value) != "" && value.ShortTag() != "!!null":
			values[key.Value] = strings.TrimSpace(value.Value)
		}
	}
	return values
}

func (p *entryReader) check(x expectation, values map[string]string) {
	if _, ok := values["status"]; ok && !slices.Contains(acceptable, string(x.status)) {
		p.wrong(x.line, "status %q cannot be accepted; %s", x.status, nearest.Hint(string(x.status), acceptable))
	}
	if _, err := time.Parse(time.DateOnly, x.expires); x.expires != "" && err != nil {
		p.wrong(x.line, "expires: %q is no date: write it as 2027-01-31", x.expires)
	}
}
