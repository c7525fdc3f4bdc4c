// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal makes one: what is written to the second is read from the first.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no terminals here:", err)
	}
	t.Cleanup(func() { _ = master.Close() })
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Skip("there are no terminals here:", err)
	}
	return master, slave
}

// onTerminal runs the command with its streams on a terminal, and returns what is seen there.
func onTerminal(t *testing.T, env []string, args ...string) string {
	t.Helper()
	master, slave := terminal(t)
	cmd := exec.CommandContext(t.Context(), commandName, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = slave, slave
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = slave.Close()             // the command has it
	seen, _ := io.ReadAll(master) // ends with an error when nobody writes any more
	_ = cmd.Wait()
	return string(seen)
}

// TestTerminal: colours and progress are for people who look, and NO_COLOR takes the colours away.
func TestTerminal(t *testing.T) {
	const colour, line = "\x1b[", "\r\x1b[K"
	args := []string{"compare", "../../conformance/report/testdata/go.json", "../../conformance/report/testdata/no-go.json"}
	if seen := onTerminal(t, []string{"NO_COLOR="}, args...); !strings.Contains(seen, colour) {
		t.Errorf("a terminal shows no colours: %q", seen)
	}
	if seen := onTerminal(t, []string{"NO_COLOR=1"}, args...); strings.Contains(seen, "\x1b") {
		t.Errorf("NO_COLOR shows colours: %q", seen)
	}
	needsNamespaces(t)
	run := []string{"run", "--eni-config", writeChain(t, t.TempDir()), "--focus", "CHN-001"}
	if seen := onTerminal(t, []string{"NO_COLOR=1"}, run...); !strings.Contains(seen, line) || !strings.Contains(seen, "0 of 1, CHN-001") {
		t.Errorf("a terminal shows no progress: %q", seen)
	}
}
