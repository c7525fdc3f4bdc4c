// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package plugins

import "os/exec"

// dieWithParent does nothing: only Linux knows it, and only Linux runs the plugins.
func dieWithParent(*exec.Cmd) {}
