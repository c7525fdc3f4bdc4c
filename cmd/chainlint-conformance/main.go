// SPDX-License-Identifier: Apache-2.0

// Command chainlint-conformance proves with packets that a CNI chain does what its intents say. It is a binary
// of its own so that the linter carries no test runner.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/chainlint/chainlint/conformance/cluster"
	"github.com/chainlint/chainlint/conformance/kind"
	"github.com/chainlint/chainlint/conformance/netns"
	"github.com/chainlint/chainlint/conformance/stub"
)

func main() { os.Exit(start()) }

// start is the command, a child of its own that makes a lab, or a plugin of a node. The first signal ends the run in good order, the
// second one at once.
func start() int {
	if stub.IsPlugin(os.Args[0]) {
		return stub.Plugin(context.Background(), os.Args[0], stub.Socket, os.Environ(), os.Stdin, os.Stdout)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // and not before: what comes when all is done must not change the exit code
	if code, child := netns.Child(ctx); child {
		return code
	}
	if kind.Child(ctx) || cluster.Child(ctx) {
		return exitOK
	}
	return run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
