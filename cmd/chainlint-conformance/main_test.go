// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/chainlint/chainlint/conformance/netns"
	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/internal/plugins"
)

var update = flag.Bool("update", false, "write what the scripts should have compared with")

// commandName is what the test binary is called where it is to be the command.
const commandName = "chainlint-conformance"

// TestMain is a child of the suite where a run of the command starts one, as main is.
func TestMain(m *testing.M) {
	if code, child := netns.Child(context.Background()); child {
		os.Exit(code)
	}
	testscript.Main(m, map[string]func(){commandName: func() { os.Exit(start()) }})
}

// TestScripts runs testdata/script/*.txtar: one user-visible behaviour each. The command `exit CODE ARGS` runs
// chainlint-conformance and wants that exit code; `valid FILE` holds a report.json against its schema. The
// condition [netns] is for scripts with packets.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup:         setUp,
		Condition:     condition,
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"exit": wantExit, "valid": wantValid},
	})
}

// setUp gives scripts the examples, reports to compare, and the plugins that were built before.
func setUp(env *testscript.Env) error {
	for name, dir := range map[string]string{"EXAMPLES": "../../examples", "REPORTS": "../../conformance/report/testdata"} {
		whole, err := filepath.Abs(dir)
		if err != nil {
			return err
		}
		env.Setenv(name, whole)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	env.Setenv("XDG_CACHE_HOME", cache)
	command, err := exec.LookPath(commandName)
	env.Setenv("BIN", filepath.Dir(command))
	return err
}

func condition(name string) (bool, error) {
	if name != "netns" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	return !testing.Short() && unavailable() == nil, nil
}

// unavailable says why there can be no runs here, nil where there can: namespaces and the plugins are there.
var unavailable = sync.OnceValue(func() error {
	if _, err := netns.Available(context.Background()); err != nil {
		return err
	}
	_, err := plugins.Dir(context.Background(), "v1.9.1")
	return err
})

func wantExit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE ARGS...")
	}
	err := ts.Exec(commandName, args[1:]...)
	code := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		code = failed.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s (%v)", code, args[0], err)
	}
}

func wantValid(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: valid FILE")
	}
	ts.Check(validate([]byte(ts.ReadFile(args[0]))))
}

// validate holds a report.json against its schema.
func validate(text []byte) error {
	const at = "report.json"
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.Schema()))
	if err != nil {
		return err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(at, schema); err != nil {
		return err
	}
	compiled, err := compiler.Compile(at)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}
