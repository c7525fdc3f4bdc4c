// SPDX-License-Identifier: Apache-2.0

package input

import (
	"errors"

	"github.com/chainlint/chainlint/internal/manifest"
	"github.com/chainlint/chainlint/pkg/render"
	"github.com/chainlint/chainlint/pkg/terway"
)

// Subject is an eni-config with the facts that hold for it.
type Subject struct {
	// File that was named, "-" for the stream; Objects are all that it holds.
	File    string
	Objects []*manifest.Object
	// Object is the eni-config among them.
	Object *manifest.Object
	// Data of the ConfigMap, with what the facts say of 10-terway.conf where a partial one leaves it out.
	Data  map[string]string
	Facts render.Facts
	// Partial: keys that are absent are the live object's.
	Partial bool
}

// Subject reads the eni-config of a file, and its facts: factsFile, the same stream, the nearest file.
func (r Reader) Subject(file, factsFile string) (*Subject, render.Problems) {
	objects, err := r.Objects(file)
	if err != nil {
		return nil, Unreadable(err)
	}
	s, ps := NewSubject(file, objects)
	if ps != nil {
		return nil, ps
	}
	facts, ps := s.findFacts(r, factsFile)
	if ps != nil {
		return nil, ps
	}
	s.Give(facts)
	return s, nil
}

// NewSubject finds the eni-config among the objects of a file. It has no facts yet.
func NewSubject(file string, objects []*manifest.Object) (*Subject, render.Problems) {
	s := &Subject{File: file, Objects: objects}
	var err error
	if s.Object, s.Data, err = render.ReadENIConfig(objects); err != nil {
		var ps render.Problems
		if errors.As(err, &ps) {
			return nil, ps
		}
		return nil, Unreadable(err)
	}
	s.Partial = s.Object.Annotation(render.PartialAnnotation) == "true"
	return s, nil
}

// Give says which facts hold.
func (s *Subject) Give(facts render.Facts) {
	s.Facts = facts
	if conf := facts.Terway.Conf; s.Partial && conf != "" && s.Data[terway.ConfKey] == "" {
		s.Data[terway.ConfKey] = conf
	}
}

func (s *Subject) findFacts(r Reader, factsFile string) (render.Facts, render.Problems) {
	facts, ps := render.OnlyFacts(s.Objects)
	switch {
	case factsFile != "":
		facts, ps = r.FactsFrom(factsFile)
	case facts == nil && ps == nil && s.File != "-":
		facts, ps = NearestFacts(s.File)
	}
	if ps != nil || facts == nil {
		return render.Facts{}, ps
	}
	return render.ParseFacts(facts)
}
