// SPDX-License-Identifier: Apache-2.0

// Command chainlint-conformance proves with packets that a CNI chain does what its intents say. It is a binary
// of its own so that the linter carries no test runner.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/chainlint/chainlint/conformance/netns"
)

func main() { os.Exit(start()) }

// start is the command, or a child of its own that makes a lab. The first signal ends the run in good order, the
// second one at once.
func start() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // and not before: what comes when all is done must not change the exit code
	if code, child := netns.Child(ctx); child {
		return code
	}
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
