// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/kio"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/internal/manifest"
)

// MaxStream is the size of the largest ResourceList that the function reads. A YAML tree takes some
// thirty times its text; the limit keeps a run within 512 MiB.
const MaxStream = 12 << 20

// Run is the KRM function (KRM Functions Specification v1): a ResourceList in, one out, whatever
// happens. It returns the exit code; what a person should read goes to stderr, at most four lines,
// which is what kpt shows.
func Run(stdin io.Reader, stdout, stderr io.Writer) int {
	out, ps := process(stdin)
	if _, err := stdout.Write(out); err != nil {
		fmt.Fprintf(stderr, "chainlint: write the ResourceList: %v\n", err)
		return int(Unreadable)
	}
	report(stderr, ps)
	return int(ps.Worst())
}

// process returns the complete output and what there is to say. A panic becomes a problem, too: no
// host may get half a ResourceList.
func process(stdin io.Reader) (out []byte, ps Problems) {
	defer func() {
		if r := recover(); r != nil {
			out, ps = refuseStream(Unreadable, "internal", fmt.Sprintf("internal fault: %v. Nothing was changed; please report it", r))
		}
	}()
	text, err := io.ReadAll(io.LimitReader(stdin, MaxStream+1))
	switch {
	case err != nil:
		return refuseStream(Unreadable, "unreadable-stream", fmt.Sprintf("read the ResourceList: %v", err))
	case len(text) > MaxStream:
		return refuseStream(Unreadable, "stream-too-large", fmt.Sprintf("the ResourceList is larger than %d MiB, the most that is read: hand over fewer resources", MaxStream>>20))
	case len(bytes.TrimSpace(text)) == 0:
		return refuseStream(Invalid, "no-resource-list", "standard input is empty where a ResourceList belongs")
	}
	var buffer bytes.Buffer
	rw := &kio.ByteReadWriter{Reader: bytes.NewReader(text), Writer: &buffer, KeepReaderAnnotations: true}
	processor := &processor{rw: rw}
	// The problems, not this error, say what happened: the stream is still written when there are some.
	err = framework.Execute(processor, rw)
	if !processor.ran {
		return refuseStream(Unreadable, "unreadable-stream", "standard input is no ResourceList: "+firstLine(err))
	}
	if buffer.Len() == 0 || processor.notList {
		return refuseStream(processor.problems.Worst(), processor.problems[0].Code, processor.problems[0].Message)
	}
	return buffer.Bytes(), processor.problems
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(fmt.Sprint(err), "\n")
	return line
}

// refuseStream answers when the input cannot be given back.
func refuseStream(class Class, code, message string) ([]byte, Problems) {
	out := "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\nresults:\n- message: " + conflist.Quote(code+": "+message) +
		"\n  severity: error\n  tags:\n    rule: " + code + "\n"
	return []byte(out), Problems{{Class: class, Code: code, Message: message, Offset: -1}}
}

// processor is a rendering between reading and writing.
type processor struct {
	rw       *kio.ByteReadWriter
	ran      bool
	notList  bool
	problems Problems
}

// Process implements framework.ResourceListProcessor.
func (p *processor) Process(rl *framework.ResourceList) error {
	p.ran = true
	if p.rw.WrappingKind != kio.ResourceListKind || !slices.Contains([]string{"config.kubernetes.io/v1", "config.kubernetes.io/v1beta1"}, p.rw.WrappingAPIVersion) {
		p.notList = true
		p.problems = Problems{{Class: Invalid, Code: "no-resource-list", Offset: -1, Message: fmt.Sprintf("standard input is no ResourceList of config.kubernetes.io/v1 but %q", strings.TrimSpace(p.rw.WrappingAPIVersion+" "+p.rw.WrappingKind))}}
		return nil
	}
	in := Input{Config: object(rl.FunctionConfig)}
	for _, item := range rl.Items {
		in.Objects = append(in.Objects, object(item))
	}
	out, ps := Render(in)
	p.problems = append(ps, leaks(in)...)
	if out != nil && out.Created {
		rl.Items = append(rl.Items, kyaml.NewRNode(out.ENIConfig.Node))
	}
	rl.Results = results(p.problems, out)
	return nil
}

// object is an item as the host sent it. Its lines are those of the stream, which no reader has seen,
// so only the file is known, where the host names it.
func object(item *kyaml.RNode) *manifest.Object {
	if item.IsNil() {
		return nil
	}
	o := &manifest.Object{Node: item.YNode()}
	for _, key := range []string{"internal.config.kubernetes.io/path", "config.kubernetes.io/path"} {
		if file := o.Annotation(key); file != "" && o.File == "" {
			o.File = file
		}
	}
	if _, path, ok := strings.Cut(o.Annotation("config.kubernetes.io/origin"), "path: "); ok && o.File == "" {
		o.File, _, _ = strings.Cut(path, "\n")
	}
	return o
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
			r.ResourceRef = &kyaml.ResourceIdentifier{
				TypeMeta: kyaml.TypeMeta{APIVersion: p.Ref.APIVersion, Kind: p.Ref.Kind},
				NameMeta: kyaml.NameMeta{Name: p.Ref.Name, Namespace: p.Ref.Namespace},
			}
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
		rs = append(rs, &framework.Result{Message: "rendered " + out.Key, Severity: framework.Info})
	}
	return rs
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
