// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"io"
	"os"
	"os/exec"

	"github.com/chainlint/chainlint/conformance/agent"
)

// Command speaks to an agent that a command runs on its standard streams, such as one in a container. The command
// ends with the agent's stream; closed is its end.
func Command(cmd *exec.Cmd) (*agent.Remote, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	remote := agent.Dial(stream{out, in, func() { _ = cmd.Wait() }})
	return remote, nil
}

// Here is an agent in this process: the machine that runs the suite as a client.
func Here(ctx context.Context) *agent.Remote {
	in, toAgent := io.Pipe()
	fromAgent, out := io.Pipe()
	go func() { _ = agent.Serve(ctx, stream{in, out, func() {}}) }()
	return agent.Dial(stream{fromAgent, toAgent, func() {}})
}
