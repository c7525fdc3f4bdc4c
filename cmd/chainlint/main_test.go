// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the scripts should have compared with")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"chainlint": func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs testdata/script/*.txtar: one user-visible behaviour each. The command `exit CODE ARGS`
// runs chainlint and wants that exit code; `fn CODE FILE...` does so for the function, with the files behind
// each other on stdin.
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exit": wantExit, "fn": wantFunction},
	})
}

func wantExit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE ARGS...")
	}
	wantCode(ts, args[0], ts.Exec("chainlint", args[1:]...))
}

func wantFunction(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fn CODE FILE...")
	}
	wantCode(ts, args[0], ts.Exec("sh", append([]string{"-c", `cat "$@" | chainlint fn`, "sh"}, args[1:]...)...))
}

func wantCode(ts *testscript.TestScript, want string, err error) {
	code := "0"
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		code = map[int]string{1: "1", 2: "2", 3: "3"}[failed.ExitCode()]
	}
	if code != want {
		ts.Fatalf("exit code %s, want %s (%v)", code, want, err)
	}
}
