// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// JUnit as CI systems read it: the specs are a suite, the mutants another.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Name    string       `xml:"name,attr"`
		Tests   int          `xml:"tests,attr"`
		Failed  int          `xml:"failures,attr"`
		Errors  int          `xml:"errors,attr"`
		Seconds string       `xml:"time,attr"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failed     int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Seconds    string          `xml:"time,attr"`
		Start      string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name       string           `xml:"name,attr"`
		Class      string           `xml:"classname,attr"`
		Seconds    string           `xml:"time,attr"`
		Properties *junitProperties `xml:"properties"`
		Failure    *junitProblem    `xml:"failure"`
		Error      *junitProblem    `xml:"error"`
		Skipped    *junitSkipped    `xml:"skipped"`
	}
	junitProperties struct {
		All []junitProperty `xml:"property"`
	}
	junitProblem struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",innerxml"` // see readable
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
)

// JUnit writes junit.xml. Where no case says why the verdict is not GO, one named verdict does.
func JUnit(r *Report) ([]byte, error) {
	all := junitSuites{Name: "chainlint-conformance", Seconds: seconds(r.Run.Seconds)}
	specs := junitSuite{Name: r.Target.Name, Start: r.Run.Start.UTC().Format(time.RFC3339), Seconds: seconds(r.Run.Seconds), Properties: r.properties()}
	for i := range r.Specs {
		specs.add(r.Specs[i].junit())
	}
	suites := []junitSuite{specs}
	if r.Mutation != nil {
		suites = append(suites, r.junitMutants())
	}
	for _, suite := range suites {
		all.Failed, all.Errors = all.Failed+suite.Failed, all.Errors+suite.Errors
	}
	if r.Verdict.Word != Go && all.Failed+all.Errors == 0 || len(specs.Cases) == 0 {
		suites[0].add(r.junitVerdict())
		all.Errors++
	}
	for _, suite := range suites {
		all.Tests += suite.Tests
	}
	all.Suites = suites
	text, err := xml.MarshalIndent(all, "", "  ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 3, 64) }

func (r *Report) properties() []junitProperty {
	all := []junitProperty{
		{"verdict", r.Headline()}, {"tool", r.Run.Tool}, {"environment", r.Run.Environment}, {"mode", r.Run.Mode}, {"reproduce", r.Run.Reproduce},
	}
	if r.Run.StandIn != "" {
		all = append(all, junitProperty{"standIn", r.Run.StandIn})
	}
	for _, f := range r.Facts {
		all = append(all, junitProperty{"fact " + f.Name, f.Value + " (" + f.Source + ")"})
	}
	return all
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failed++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func (s *Spec) junit() junitCase {
	c := junitCase{Name: s.ID + " " + s.Name, Class: s.Group, Seconds: seconds(s.Seconds), Properties: &junitProperties{[]junitProperty{
		{"level", s.Level}, {"judged", strconv.FormatBool(s.Judged)}, {"evidence", strconv.Itoa(s.Evidence)},
	}}}
	problem := &junitProblem{Type: or(s.Code, string(s.Result())), Message: line(or(s.because(), s.Name), maxLine), Text: readable(s.story())}
	switch result := s.Result(); {
	case s.waived():
		c.Skipped = &junitSkipped{line(fmt.Sprintf("%s, accepted: %s", result, s.Waiver.Reason), maxLine)}
	case result == Fail:
		c.Failure = problem
	case result == Inconclusive:
		c.Error = problem
	case result != Pass:
		c.Skipped = &junitSkipped{line(result.words()+": "+or(s.because(), "no reason was given"), maxLine)}
	}
	return c
}

// story is all that is known about a spec that did not pass.
func (s *Spec) story() string {
	var out strings.Builder
	for _, part := range []struct{ label, text string }{
		{"", s.because()}, {"likely cause: ", s.Hint}, {"reproduce: ", s.Reproduce},
	} {
		if part.text != "" {
			fmt.Fprintf(&out, "\n%s%s", part.label, line(part.text, 4*maxLine))
		}
	}
	for _, o := range s.deviations(maxDeviations) {
		fmt.Fprintf(&out, "\n%s", o)
	}
	return out.String() + "\n"
}

// maxDeviations of one spec are shown to people.
const maxDeviations = 5

// String is a probe or a reading in one line: open, external client to 10.0.0.10:20001, TCP4: expected answered, got timeout.
func (o Observation) String() string {
	text := line(fmt.Sprintf("%s, %s", o.Phase, o.what()), maxLine) + ": "
	if o.Expected != "" && o.Expected != o.Got {
		text += "expected " + line(o.Expected, maxLine) + ", got " + line(o.Got, maxLine)
	} else {
		text += line(o.Got, maxLine)
	}
	if o.Class != "" || o.Source != "" {
		text += line(fmt.Sprintf(", seen as %s %s", o.Source, o.Class), maxLine)
	}
	if o.WantClass != "" && o.WantClass != o.Class {
		text += ", expected " + line(o.WantClass, maxLine)
	}
	return text
}

func (o Observation) what() string {
	if o.Protocol == "" {
		return fmt.Sprintf("%s read in %s", o.Target, vantageName(o.Vantage))
	}
	return fmt.Sprintf("%s to %s, %s%d", vantageName(o.Vantage), o.Target, strings.ToUpper(o.Protocol), o.Family)
}

func (r *Report) junitMutants() junitSuite {
	suite := junitSuite{Name: "mutants", Start: r.Run.Start.UTC().Format(time.RFC3339), Properties: []junitProperty{{"score", r.Mutation.String()}}}
	total := 0.0
	for _, m := range r.Mutation.Mutants {
		c := junitCase{Name: m.ID + " " + m.Name, Class: "mutants", Seconds: seconds(m.Seconds)}
		problem := &junitProblem{m.Word(), line(m.why(), maxLine), readable("\n" + line(m.why(), 4*maxLine) + "\nexpected: " + strings.Join(m.Expected, ", ") + "\n")}
		switch m.Word() {
		case "survived":
			c.Failure = problem
		case "undecided":
			c.Error = problem
		case "killed":
		default:
			c.Skipped = &junitSkipped{line(m.Word()+": "+or(m.Reason, "no reason was given"), maxLine)}
		}
		total += m.Seconds
		suite.add(c)
	}
	suite.Seconds = seconds(total)
	return suite
}

// junitVerdict stands where nothing ran, or where no spec and no mutant is at fault.
func (r *Report) junitVerdict() junitCase {
	text := strings.Join(r.Verdict.Reasons, "\n")
	return junitCase{Name: "verdict", Class: "verdict", Seconds: seconds(0), Error: &junitProblem{
		Type: r.Verdict.Word, Message: line(r.Verdict.Word+": "+or(strings.Join(r.Verdict.Reasons, "; "), "nothing ran"), maxLine), Text: readable("\n" + text + "\n"),
	}}
}

// readable escapes a text but for line breaks and quotes, which need it in attributes only.
func readable(text string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(text)) // into memory
	return readably.Replace(out.String())
}

var readably = strings.NewReplacer("&#xA;", "\n", "&#x9;", "\t", "&#34;", `"`, "&#39;", "'")
