// SPDX-License-Identifier: Apache-2.0

package plugins

import (
	"os/exec"
	"syscall"
)

// dieWithParent ends a process when the thread that started it ends.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
