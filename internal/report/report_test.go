// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainlint/chainlint/internal/report"
	"github.com/chainlint/chainlint/pkg/lint"
)

var update = flag.Bool("update", false, "write what the golden files should have been compared with")

func write(t testing.TB, format string, r *report.Report, o report.Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.Write(&out, format, r, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestGolden compares every format of every fixture with testdata/FIXTURE.FORMAT.
func TestGolden(t *testing.T) {
	for name, r := range reports(t) {
		for _, format := range report.Formats {
			t.Run(name+"/"+format, func(t *testing.T) {
				got := write(t, format, r, report.Options{Version: "v0.0.0"})
				if format == "sarif" {
					got = withoutRules(t, got)
				}
				file := filepath.Join("testdata", name+"."+format)
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// withoutRules: the catalogue has a test of its own.
func withoutRules(t *testing.T, text string) string {
	t.Helper()
	var log map[string]any
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	for _, run := range log["runs"].([]any) {
		delete(run.(map[string]any)["tool"].(map[string]any)["driver"].(map[string]any), "rules")
		for _, result := range run.(map[string]any)["results"].([]any) {
			delete(result.(map[string]any), "ruleIndex")
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(log); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestColor(t *testing.T) {
	text := write(t, "text", full(t), report.Options{Color: true})
	for _, want := range []string{"\x1b[1;31merror\x1b[0m", "\x1b[1;31m^^^", "\x1b[1mprod/eni-config.yaml:11:9\x1b[0m"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%q", want, text)
		}
	}
	if strings.Contains(write(t, "text", full(t), report.Options{}), "\x1b") {
		t.Error("colour or a user's escape without being asked")
	}
}

func TestUnknownFormat(t *testing.T) {
	err := report.Write(io.Discard, "sarf", full(t), report.Options{})
	if err == nil || !strings.Contains(err.Error(), "did you mean sarif") {
		t.Error(err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

func TestWriteFails(t *testing.T) {
	for _, format := range report.Formats {
		if err := report.Write(broken{}, format, full(t), report.Options{}); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// TestJUnitFailsAsTheRunFails: cases fail from --fail-on upwards.
func TestJUnitFailsAsTheRunFails(t *testing.T) {
	for failOn, want := range map[string]int{"": 2, "error": 2, "warning": 3, "info": 4, "never": 0} {
		var suites struct {
			Failures int `xml:"failures,attr"`
			Suites   []struct {
				Cases []struct {
					Failure *struct{} `xml:"failure"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal([]byte(write(t, "junit", full(t), report.Options{FailOn: failOn})), &suites); err != nil {
			t.Fatal(err)
		}
		failed := 0
		for _, s := range suites.Suites {
			for _, c := range s.Cases {
				if c.Failure != nil {
					failed++
				}
			}
		}
		if failed != want || suites.Failures != want {
			t.Errorf("--fail-on %q: %d failures, counted %d, want %d", failOn, failed, suites.Failures, want)
		}
	}
}

func TestXMLIsWellFormed(t *testing.T) {
	for name, r := range reports(t) {
		for _, format := range []string{"junit", "checkstyle"} {
			if err := wellFormed(write(t, format, r, report.Options{})); err != nil {
				t.Errorf("%s of %s: %v", format, name, err)
			}
		}
	}
}

func wellFormed(text string) error {
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// FuzzWrite: no name, message or text makes a format something else.
func FuzzWrite(f *testing.F) {
	f.Add(odd, "100% <b>\n::error::\x1b[31m\x00]]>", eniConfig)
	f.Add("\xff\r\n", "]]>&#0;\u2028", "\xff\xfe")
	f.Fuzz(func(t *testing.T, file, message, text string) {
		finding := portmap(t, file)
		finding.Message, finding.Cause, finding.NodePools = message, []string{message}, []string{file}
		waived := *finding
		waived.Waiver = &lint.Waiver{Reason: message}
		r := &report.Report{Findings: []*lint.Finding{finding, &waived}, Texts: map[string][]byte{file: []byte(text)}}
		for _, format := range report.Formats {
			out := write(t, format, r, report.Options{})
			switch format {
			case "json", "sarif", "gitlab":
				if !json.Valid([]byte(out)) {
					t.Errorf("%s is no JSON: %q", format, out)
				}
			case "junit", "checkstyle":
				if err := wellFormed(out); err != nil {
					t.Errorf("%s is no XML: %v: %q", format, err, out)
				}
			case "github":
				if strings.Count(out, "\n") != 2 || strings.Contains(out, "\r") {
					t.Errorf("not two lines: %q", out)
				}
			case "text":
				if strings.ContainsAny(out, "\x1b\r\x00") {
					t.Errorf("control characters: %q", out)
				}
			}
		}
	})
}

// TestGitHubIsOneCommandALine: nothing of a name or message is taken for a command or a property.
func TestGitHubIsOneCommandALine(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(write(t, "github", full(t), report.Options{})), "\n")
	if len(lines) != 5 {
		t.Errorf("%d lines for 4 findings and the summary:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for _, line := range lines[:len(lines)-1] {
		command, _, ok := strings.Cut(strings.TrimPrefix(line, "::"), "::")
		_, properties, _ := strings.Cut(command, " ")
		if !ok || !strings.HasPrefix(line, "::") {
			t.Errorf("no command: %s", line)
		}
		for p := range strings.SplitSeq(properties, ",") {
			if key, _, _ := strings.Cut(p, "="); !strings.Contains(" file line endLine col endColumn title ", " "+key+" ") {
				t.Errorf("property %q in %s", key, line)
			}
		}
	}
}

// TestRoot: forges get names relative to the repository, wherever the command was run.
func TestRoot(t *testing.T) {
	root := t.TempDir()
	t.Chdir(mkdir(t, root, "clusters"))
	for file, want := range map[string]string{"prod/x.yaml": "clusters/prod/x.yaml", filepath.Join(root, "y.yaml"): "y.yaml", "../y.yaml": "y.yaml", "": "-", "-": "-"} {
		r := &report.Report{Findings: []*lint.Finding{portmap(t, file)}}
		for _, format := range []string{"sarif", "github", "gitlab"} {
			if text := write(t, format, r, report.Options{Root: root}); !strings.Contains(text, `"`+want+`"`) && !strings.Contains(text, "file="+want+",") {
				t.Errorf("%s: %q is not told as %q", format, file, want)
			}
		}
	}
}

func mkdir(t *testing.T, parts ...string) string {
	t.Helper()
	dir := filepath.Join(parts...)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
