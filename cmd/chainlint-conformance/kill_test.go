// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var points = flag.Int("kills", 10, "points in the life of a run at which it is killed, for each signal")

var signals = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL}

func needsNamespaces(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("labs take their time")
	}
	if err := unavailable(); err != nil {
		t.Skip(err)
	}
}

// TestKilled ends runs all over their life.
func TestKilled(t *testing.T) {
	needsNamespaces(t)
	before := machineState(t)
	undisturbed := newVictim(t, true)
	undisturbed.begin(t)
	start := time.Now()
	if code := undisturbed.wait(t); code != 4 { // for the focus
		t.Fatalf("exit code %d: %s", code, undisturbed.said.String())
	}
	life := time.Since(start)
	t.Logf("a run takes %v", life)
	undisturbed.nothingLeft(t, before)
	for _, signal := range signals {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			for i := range *points {
				at := life * time.Duration(i) / time.Duration(*points)
				t.Run(fmt.Sprint("after ", at.Round(time.Millisecond)), func(t *testing.T) {
					v := newVictim(t, true)
					v.begin(t)
					time.Sleep(at)
					v.after(t, signal, v.end(t, signal), before)
				})
			}
		})
	}
}

// TestKilledWhileItReports ends runs as soon as something appears in the directory of the report.
func TestKilledWhileItReports(t *testing.T) {
	needsNamespaces(t)
	before := machineState(t)
	for _, signal := range signals {
		for _, later := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond} {
			t.Run(fmt.Sprintf("%v after %v", signal, later), func(t *testing.T) {
				t.Parallel()
				v := newVictim(t, true)
				if err := os.Mkdir(v.report(), 0o755); err != nil {
					t.Fatal(err)
				}
				written := watch(t, v.report())
				v.begin(t)
				written()
				time.Sleep(later)
				v.after(t, signal, v.end(t, signal), before)
			})
		}
	}
}

// watch returns a wait for the first file in a directory.
func watch(t *testing.T, dir string) (wait func()) {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err == nil {
		t.Cleanup(func() { _ = unix.Close(fd) })
		_, err = unix.InotifyAddWatch(fd, dir, unix.IN_CREATE)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { _, _ = unix.Read(fd, make([]byte, 4096)) }
}

// TestKilledWhileItBuilds ends runs that find no plugins in the cache. What Go compiled before is there, so that
// they are only linked.
func TestKilledWhileItBuilds(t *testing.T) {
	needsNamespaces(t)
	compiled, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Skip(err)
	}
	before := machineState(t)
	for _, signal := range signals {
		for _, later := range []time.Duration{0, 200 * time.Millisecond, time.Second} {
			t.Run(fmt.Sprintf("%v after %v", signal, later), func(t *testing.T) {
				t.Parallel()
				v := newVictim(t, false)
				v.Env = append(v.Env, "GOCACHE="+strings.TrimSpace(string(compiled)))
				v.begin(t)
				if !await(30*time.Second, func() bool { return len(v.unfinished(t)) > 0 }) {
					t.Fatalf("it builds nothing: %s", v.said.String())
				}
				time.Sleep(later)
				v.after(t, signal, v.end(t, signal), before)
			})
		}
	}
}
