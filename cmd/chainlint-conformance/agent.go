// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"

	"github.com/chainlint/chainlint/conformance/agent"
)

// stdio is the standard streams as one.
type stdio struct {
	io.Reader
	io.Writer
}

// Close implements io.Closer: the streams end with the process.
func (stdio) Close() error { return nil }

// agent is what runs inside of pods, beside them, and on nodes.
func (a *app) agent(ctx context.Context, args []string) int {
	var err error
	switch {
	case len(args) == 0:
		var config agent.Config
		if config, err = agent.FromEnvironment(); err == nil {
			err = agent.Run(ctx, agent.Dir, config)
		}
	case len(args) == 1 && args[0] == "connect":
		err = agent.Connect(ctx, agent.Dir, a.in, a.out)
	case len(args) == 1 && args[0] == "serve":
		err = agent.Serve(ctx, stdio{a.in, a.out})
	default:
		a.say("agent is run in pods of the suite: nothing behind it, connect or serve")
		return exitUsage
	}
	if err != nil {
		a.say("agent: %v", err)
		return exitCouldNotRun
	}
	return exitOK
}
