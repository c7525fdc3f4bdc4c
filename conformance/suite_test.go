// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/fake"
	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/conformance/report"
)

// Ginkgo runs once in a process, so each run of the suite is this program again: planVariable holds the plan,
// worldVariable the name of a world.
const (
	planVariable  = "CHAINLINT_TEST_PLAN"
	worldVariable = "CHAINLINT_TEST_WORLD"
)

// opens makes the environment of a run, or says why not.
type opens func(conformance.Setup) (conformance.Environment, error)

func (f opens) Open(_ context.Context, s conformance.Setup) (conformance.Environment, error) {
	return f(s)
}

// suiteWorlds by name.
var suiteWorlds = map[string]conformance.Opener{
	"perfect": fake.Knobs{},
	"refuses": during(becomes(probe.Refused), "open"),
	"blocked": during(becomes(probe.Timeout), "closed", "control"),
	"faulty":  opens(func(conformance.Setup) (conformance.Environment, error) { return nil, errors.New("no namespaces here") }),
}

func TestMain(m *testing.M) {
	if text := os.Getenv(planVariable); text != "" {
		os.Exit(suiteChild(text, os.Getenv(worldVariable)))
	}
	os.Exit(m.Run())
}

func suiteChild(text, world string) int {
	var plan conformance.Plan
	if err := json.Unmarshal([]byte(text), &plan); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	events := json.NewEncoder(os.NewFile(3, "events"))
	if conformance.Suite(context.Background(), suiteWorlds[world], plan, func(e conformance.Event) { _ = events.Encode(e) }) {
		return 0
	}
	return 1
}

// runSuite runs a plan in a world, and returns what it told and whether it was green.
func runSuite(t *testing.T, world string, plan conformance.Plan) (events []conformance.Event, green bool) {
	t.Helper()
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), planVariable+"="+string(text), worldVariable+"="+world)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = &said, &said, []*os.File{write}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close() // the child has it
	for lines := json.NewDecoder(read); ; {
		var e conformance.Event
		if lines.Decode(&e) != nil {
			break
		}
		events = append(events, e)
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("%v\n%s", err, said.String())
	}
	return events, err == nil
}

func planOf(ids ...string) conformance.Plan {
	return conformance.Plan{Setup: conformance.DefaultSetup(), Intent: everything, Specs: ids}
}

// story is what a run told, a line for each event, without times and addresses.
func story(events []conformance.Event) []string {
	var all []string
	for _, e := range events {
		switch {
		case e.Started != "":
			all = append(all, "started "+e.Started)
		case e.Spec != nil:
			all = append(all, fmt.Sprint("spec ", e.Spec.ID, " ", e.Spec.Name, " ", e.Spec.Outcome, " ", e.Spec.Code))
		case e.Mutant != nil:
			all = append(all, fmt.Sprint("mutant ", e.Mutant.ID, " ", e.Mutant.Outcome))
		case e.About != nil:
			all = append(all, "about "+e.About.StandIn)
		case e.Fault != "":
			all = append(all, "fault "+e.Fault)
		}
	}
	return all
}

// TestSuiteTellsTheSameTwice: one plan, one story: order, names and outcomes, in the order of the catalogue.
func TestSuiteTellsTheSameTwice(t *testing.T) {
	var ids []string
	for _, s := range imaginable() {
		ids = append(ids, s.ID)
	}
	var first []string
	for range 2 {
		events, green := runSuite(t, "perfect", planOf(ids...))
		told := story(events)
		if first == nil {
			first = told
		}
		if !green || !slices.Equal(told, first) {
			t.Fatalf("green: %v\n%s\n\nbefore it was\n%s", green, strings.Join(told, "\n"), strings.Join(first, "\n"))
		}
	}
	want := []string{"about " + fake.New(conformance.Setup{}, fake.Knobs{}).About().StandIn}
	for i, id := range ids {
		want = append(want, "started "+id)
		if 2*i+2 >= len(first) || !strings.HasPrefix(first[2*i+2], "spec "+id+" ") {
			t.Fatalf("%s was to be the %dth:\n%s", id, i+1, strings.Join(first, "\n"))
		}
		want = append(want, first[2*i+2])
	}
	if !slices.Equal(first, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(first, "\n"), strings.Join(want, "\n"))
	}
}

// TestSuiteOutcomes: what makes a run red.
func TestSuiteOutcomes(t *testing.T) {
	for _, c := range []struct {
		name, world string
		plan        conformance.Plan
		green       bool
		want        []string // beginnings of events, in their order
	}{
		{"nothing selected", "perfect", planOf(), false, nil},
		{"an ID that nobody has", "perfect", planOf("HP-999"), false, nil},
		{"green", "perfect", planOf("CHN-001"), true, []string{"about", "started CHN-001", "spec CHN-001"}},
		{"a failure", "refuses", planOf("HP-001", "HP-012"), false, []string{"about", "started HP-001", "spec HP-001", "started HP-012", "spec HP-012"}},
		{"undecided", "blocked", planOf("HP-001"), true, []string{"about", "started HP-001", "spec HP-001"}},
		{"no environment", "faulty", planOf("CHN-001", "HP-001"), false, []string{"fault no namespaces here"}},
		{"a mutant that is killed", "refuses", conformance.Plan{Mutants: []string{"NC-01"}}, true, []string{"started NC-01", "mutant NC-01 pass"}},
		{"a mutant that survives", "perfect", conformance.Plan{Mutants: []string{"NC-01"}}, false, []string{"started NC-01", "mutant NC-01 fail"}},
		{"a mutant that dies of something else", "blocked", conformance.Plan{Mutants: []string{"NC-01"}}, false, []string{"started NC-01", "mutant NC-01 fail"}},
		{"a mutant that cannot be made", "faulty", conformance.Plan{Mutants: []string{"NC-01"}}, true, []string{"started NC-01", "mutant NC-01 inconclusive"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, green := runSuite(t, c.world, c.plan)
			told := story(events)
			same := slices.EqualFunc(told, c.want, func(got, want string) bool { return strings.HasPrefix(got, want) })
			if green != c.green || !same {
				t.Errorf("green: %v\n%s\nwant %v\n%s", green, strings.Join(told, "\n"), c.green, strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestFailFast: nothing is run after the first core spec that fails.
func TestFailFast(t *testing.T) {
	plan := planOf("CHN-001", "HP-001", "HP-002", "HP-012")
	plan.FailFast = true
	events, green := runSuite(t, "refuses", plan)
	var ran []string
	for _, e := range events {
		if e.Spec != nil {
			ran = append(ran, fmt.Sprint(e.Spec.ID, " ", e.Spec.Outcome))
		}
	}
	if green || !slices.Equal(ran, []string{"CHN-001 pass", "HP-001 " + string(report.Fail)}) {
		t.Errorf("green: %v, ran %v", green, ran)
	}
}
