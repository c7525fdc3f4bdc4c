// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/chainlint/chainlint/internal/manifest"
)

// Run is the KRM function (KRM Functions Specification v1): a ResourceList in, one out, whatever
// happens. It returns the exit code; what a person should read goes to stderr, at most four lines,
// which is what kpt shows.
func Run(stdin io.Reader, stdout, stderr io.Writer) int {
	write, ps := process(stdin)
	if err := write(stdout); err != nil {
		fmt.Fprintf(stderr, "chainlint: write the ResourceList: %v\n", err)
		return int(Unreadable)
	}
	report(stderr, ps)
	return int(ps.Worst())
}

// process returns what writes the complete output, and what there is to say. A panic becomes a problem,
// too: no host may get half a ResourceList.
func process(stdin io.Reader) (write func(io.Writer) error, ps Problems) {
	var list *stream
	defer func() {
		if r := recover(); r != nil {
			write, ps = list.refuse(Unreadable, "internal", fmt.Sprintf("internal fault: %v. Nothing was changed; please report it", r))
		}
	}()
	text, err := io.ReadAll(io.LimitReader(stdin, MaxStream+1))
	switch {
	case err != nil:
		return list.refuse(Unreadable, "unreadable-stream", fmt.Sprintf("read the ResourceList: %v", err))
	case len(text) > MaxStream:
		return list.refuse(Unreadable, "stream-too-large", fmt.Sprintf("the ResourceList is larger than %d MiB, the most that is read: hand over fewer resources", MaxStream>>20))
	case len(bytes.TrimSpace(text)) == 0:
		return list.refuse(Invalid, "no-resource-list", "standard input is empty where a ResourceList belongs")
	}
	list, err = parseStream(string(text))
	var other errNotList
	switch {
	case errors.As(err, &other):
		return list.refuse(Invalid, "no-resource-list", "standard input: "+err.Error())
	case err != nil:
		return list.refuse(Unreadable, "unreadable-stream", "standard input: "+withoutPlace(err))
	}
	in := Input{Objects: list.objects(), Config: list.config, Others: len(list.items) > len(list.objects())}
	out, ps := Render(in)
	ps = append(ps, leaks(in)...)
	if out != nil && out.Created {
		// A generator gives back what it made, not its configuration: its annotations are for the host.
		list.replace(out.ENIConfig)
	}
	return func(w io.Writer) error { return list.write(w, results(ps, out)) }, ps
}

// withoutPlace drops the line and column of a YAML error: they count inside one item, in a text that
// nobody has seen.
func withoutPlace(err error) string {
	var bad *manifest.Error
	if !errors.As(err, &bad) {
		return err.Error()
	}
	return strings.ReplaceAll(err.Error(), bad.Error(), bad.Reason)
}

// refuse answers a stream that was not understood: with itself where it is YAML, else with an empty list.
func (s *stream) refuse(class Class, code, message string) (func(io.Writer) error, Problems) {
	ps := Problems{{Class: class, Code: code, Message: message, Offset: -1}}
	if s == nil || !s.intact {
		s = &stream{head: "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"}
	}
	for _, i := range s.items {
		i.object = nil
	}
	return func(w io.Writer) error { return s.write(w, results(ps, nil)) }, ps
}

// leaks warns of objects of ours that the host would send to the cluster.
func leaks(in Input) Problems {
	var ps Problems
	for _, o := range in.Objects {
		if IsOwn(o.Ref()) && o.Annotation(manifest.LocalConfig) != "true" && (in.Config == nil || !sameObject(o, in.Config)) {
			ps = append(ps, at(Warning, "no-local-config", o, "/metadata", "it lacks the annotation %s: \"true\", so the host sends it to the cluster", manifest.LocalConfig))
		}
	}
	return ps
}

// results are the problems in the form of the specification, and what was rendered.
func results(ps Problems, out *Output) framework.Results {
	var rs framework.Results
	for _, p := range ps {
		r := &framework.Result{Message: p.Code + ": " + p.Message, Severity: framework.Error, Tags: map[string]string{"rule": p.Code}}
		if p.Class == Warning {
			r.Severity = framework.Warning
		}
		if p.Ref.Kind != "" {
			r.ResourceRef = identifier(p.Ref)
		}
		if p.Pointer != "" {
			r.Field = &framework.Field{Path: fieldPath(p.Pointer)}
		}
		if p.Position.File != "" {
			r.File = &framework.File{Path: p.Position.File}
		}
		if p.Pool != "" {
			r.Tags["nodePool"] = p.Pool
		}
		rs = append(rs, r)
	}
	if out != nil {
		ref := out.ENIConfig.Ref()
		rs = append(rs, &framework.Result{Message: "rendered " + out.Key, Severity: framework.Info, ResourceRef: identifier(ref), Field: &framework.Field{Path: fieldPath("/data/" + out.Key)}})
	}
	return rs
}

func identifier(ref manifest.Ref) *kyaml.ResourceIdentifier {
	return &kyaml.ResourceIdentifier{
		TypeMeta: kyaml.TypeMeta{APIVersion: ref.APIVersion, Kind: ref.Kind},
		NameMeta: kyaml.NameMeta{Name: ref.Name, Namespace: ref.Namespace},
	}
}

// fieldPath is a JSON pointer in kustomize's notation, dots in keys escaped.
func fieldPath(pointer string) string {
	tokens := manifest.Tokens(pointer)
	for i, token := range tokens {
		tokens[i] = strings.ReplaceAll(token, ".", `\.`)
	}
	return strings.Join(tokens, ".")
}

// maxLines is what kpt shows of stderr.
const maxLines = 4

func report(stderr io.Writer, ps Problems) {
	worst := slices.MaxFunc(append(Problems{{}}, ps...), func(a, b Problem) int { return int(a.Class) - int(b.Class) })
	var lines []string
	for _, p := range ps {
		if p.Class > Warning || worst.Class == Warning {
			lines = append(lines, "chainlint: "+severity(p)+p.Error()+" ["+p.Code+"]")
		}
	}
	if more := len(lines) - maxLines; more > 0 {
		lines = append(lines[:maxLines-1], fmt.Sprintf("chainlint: and %d more; all are in the results, and in `chainlint render`", more+1))
	}
	for _, line := range lines {
		fmt.Fprintln(stderr, line)
	}
}

func severity(p Problem) string {
	if p.Class == Warning {
		return "warning: "
	}
	return ""
}
