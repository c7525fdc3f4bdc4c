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

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, child := netns.Child(ctx)
	if !child {
		code = run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	}
	stop()
	os.Exit(code)
}
