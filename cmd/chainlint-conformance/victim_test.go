// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chainlint/chainlint/conformance/report"
	"github.com/chainlint/chainlint/internal/plugins"
)

// victim is a run of the command that somebody ends. Its session holds whatever it starts.
type victim struct {
	*exec.Cmd
	dir, cache, tmp string
	said            bytes.Buffer
}

// The names in a victim's directory.
func (v *victim) report() string { return filepath.Join(v.dir, "report") }

// newVictim has a cache with the plugins that a run needs, unless that is to be empty.
func newVictim(t *testing.T, cached bool) *victim {
	t.Helper()
	dir := t.TempDir()
	v := &victim{dir: dir, cache: filepath.Join(dir, "cache"), tmp: filepath.Join(dir, "tmp")}
	for _, d := range []string{filepath.Join(v.cache, "chainlint"), v.tmp} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if cached {
		built, err := plugins.Dir(t.Context(), pinned)
		if err == nil {
			err = os.Symlink(built, filepath.Join(v.cache, "chainlint", filepath.Base(built)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	v.command("run", "--eni-config", writeChain(t, dir), "--report", v.report(), "--focus", "CHN-001,HP-001,HP-008,HP-016,HP-024")
	return v
}

// pinned is the release that runs where no facts name one.
const pinned = "v1.9.1"

func writeChain(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(dir, "eni-config.yaml")
	text := `apiVersion: v1
kind: ConfigMap
metadata: {name: eni-config, namespace: kube-system}
data:
  eni_conf: '{"version": "1"}'
  10-terway.conf: '{"cniVersion": "0.4.0", "name": "terway", "type": "terway"}'
  10-terway.conflist: '{"plugins": [{"type": "terway"}, {"type": "portmap", "capabilities": {"portMappings": true}}]}'
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (v *victim) command(args ...string) {
	v.Cmd = exec.Command(commandName, args...)
	v.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	v.Env = append(os.Environ(), "XDG_CACHE_HOME="+v.cache, "TMPDIR="+v.tmp)
	v.Stdout, v.Stderr = &v.said, &v.said
}

// family are the processes of a session, by their commands.
func family(session int) []string {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	var all []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		name, rest := string(text), string(text)
		if at := strings.LastIndexByte(name, ')'); at > 0 {
			name, rest = name[:at+1], name[at+1:]
		}
		fields := strings.Fields(rest) // state, parent, group, session
		if len(fields) > 3 && fields[3] == fmt.Sprint(session) && fields[0] != "Z" {
			all = append(all, name)
		}
	}
	return all
}

// await polls until what is awaited comes, at most so long.
func await(limit time.Duration, come func() bool) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if come() {
			return true
		}
	}
	return come()
}

// begin starts it and waits for its first child: from then on it is more than a program that starts.
func (v *victim) begin(t *testing.T) {
	t.Helper()
	if err := v.Start(); err != nil {
		t.Fatal(err)
	}
	if !await(30*time.Second, func() bool { return len(family(v.Process.Pid)) > 1 }) {
		t.Fatalf("it starts nothing: %s", v.said.String())
	}
}

// end sends a signal, an interrupt to the whole group as a terminal does, and waits for the end. It returns the
// exit code, -1 where the signal itself was the end.
func (v *victim) end(t *testing.T, signal syscall.Signal) int {
	t.Helper()
	pid := v.Process.Pid
	if signal == syscall.SIGINT {
		pid = -pid
	}
	if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Fatal(err)
	}
	return v.wait(t)
}

func (v *victim) wait(t *testing.T) int {
	t.Helper()
	err := v.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return v.ProcessState.ExitCode()
}

// nothingLeft: no process, and on the machine nothing but what it was told to write.
func (v *victim) nothingLeft(t *testing.T, before string) {
	t.Helper()
	if !await(5*time.Second, func() bool { return len(family(v.Process.Pid)) == 0 }) {
		t.Errorf("processes are left: %q", family(v.Process.Pid))
	}
	if after := machineState(t); after != before {
		t.Errorf("the machine was\n%s\nand is\n%s", before, after)
	}
	if left := names(t, v.tmp); left != nil {
		t.Errorf("TMPDIR holds %q", left)
	}
}

// names in a directory, nil for an empty one and for none.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// unfinished are what a run leaves that was killed at its worst.
func (v *victim) unfinished(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(append(names(t, filepath.Join(v.cache, "chainlint")), names(t, v.report())...), func(name string) bool {
		return strings.HasPrefix(name, "cni-plugins-v") || slices.Contains([]string{"lock", report.JSONFile, report.JUnitFile, report.MarkdownFile, report.HTMLFile}, name)
	})
}

// swept: what is left goes by its name, and cleanup removes it.
func (v *victim) swept(t *testing.T) {
	t.Helper()
	for _, name := range v.unfinished(t) {
		t.Logf("it leaves %s", name)
		if !strings.HasPrefix(name, "building-") && !strings.HasPrefix(name, ".chainlint-") {
			t.Errorf("it leaves %q", name)
		}
	}
	v.command("cleanup", "--report", v.report())
	if err := v.Run(); err != nil {
		t.Errorf("cleanup: %v: %s", err, v.said.String())
	}
	if left := v.unfinished(t); len(left) > 0 {
		t.Errorf("cleanup leaves %q", left)
	}
}

// told reads the report, nil where there is none. What is there is whole.
func (v *victim) told(t *testing.T) *report.Report {
	t.Helper()
	file := filepath.Join(v.report(), report.JSONFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = validate(text)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	r, err := report.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// interrupted: the run says so, in the report and by its exit code, and leaves nothing.
func (v *victim) interrupted(t *testing.T, code int) {
	t.Helper()
	r := v.told(t)
	switch {
	case r == nil:
		t.Errorf("exit code %d and no report: %s", code, v.said.String())
	case r.Verdict.Exit != code:
		t.Errorf("the report says %v, and the exit code is %d", r.Verdict, code)
	case code == 4 && r.Verdict.Word == report.Hold: // it was over already
	case code != 3 || r.Verdict.Word != report.DidNotRun || !strings.Contains(fmt.Sprint(r.Verdict.Reasons), "interrupted"):
		t.Errorf("exit code %d, %v: %s", code, r.Verdict, v.said.String())
	default:
		t.Log(r.Verdict.Reasons)
	}
	if left := v.unfinished(t); len(left) > 0 {
		t.Errorf("it leaves %q", left)
	}
}

// after: what must be so when a run was ended.
func (v *victim) after(t *testing.T, signal syscall.Signal, code int, before string) {
	t.Helper()
	v.nothingLeft(t, before)
	if signal == syscall.SIGKILL {
		v.told(t)
	} else {
		v.interrupted(t, code)
	}
	v.swept(t)
}
