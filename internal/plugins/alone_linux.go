// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"os/exec"
	"syscall"
)

// alone puts a process into a group of its own, so that an interrupt from the terminal is for us to handle: the
// whole group ends with the context, the process itself also when the thread that started it ends.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
