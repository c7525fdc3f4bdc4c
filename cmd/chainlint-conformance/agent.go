// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"io"

	"github.com/chainlint/chainlint/conformance/agent"
	"github.com/chainlint/chainlint/conformance/probe"
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
	case len(args) == 1 && args[0] == "node":
		var seen agent.Node
		if seen, err = agent.InspectNode(ctx, agent.NodePlugins, agent.NodeLists); err == nil {
			err = json.NewEncoder(a.out).Encode(seen)
		}
	case args[0] == "look" && len(args) <= 2:
		err = a.look(ctx, len(args) == 2)
	default:
		a.say("agent is run in pods of the suite: nothing behind it, connect, serve, node, or look [stay]")
		return exitUsage
	}
	if err != nil {
		a.say("agent: %v", err)
		return exitCouldNotRun
	}
	return exitOK
}

// look writes what is in the network, as a line of JSON; stays until the end.
func (a *app) look(ctx context.Context, stay bool) error {
	seen, err := probe.Look()
	if err != nil {
		return err
	}
	if err := json.NewEncoder(a.out).Encode(seen); err != nil {
		return err
	}
	if stay {
		<-ctx.Done()
	}
	return nil
}
