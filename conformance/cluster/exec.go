// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/chainlint/chainlint/conformance/agent"
	"github.com/chainlint/chainlint/internal/image"
)

// stream is what a command in a container reads and writes.
type stream struct {
	io.Reader
	io.WriteCloser
	end context.CancelFunc
}

// Close ends the command, too.
func (s stream) Close() error {
	err := s.WriteCloser.Close()
	s.end()
	return err
}

// connect speaks to the agent of a pod, which may just have started.
func (a *Access) connect(ctx context.Context, pod string) (*agent.Remote, error) {
	for {
		remote, err := a.tryConnect(ctx, pod)
		if err == nil || ctx.Err() != nil {
			return remote, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (a *Access) tryConnect(ctx context.Context, pod string) (*agent.Remote, error) {
	run, err := a.executor(pod)
	if err != nil {
		return nil, err
	}
	running, end := context.WithCancel(context.Background()) // it lives as long as the pod
	in, toAgent := io.Pipe()
	fromAgent, out := io.Pipe()
	var said bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		err := run.StreamWithContext(running, remotecommand.StreamOptions{Stdin: in, Stdout: out, Stderr: &said})
		if text := strings.TrimSpace(said.String()); err != nil && text != "" {
			err = fmt.Errorf("%w: %s", err, text)
		}
		ended <- err
		_ = out.CloseWithError(io.ErrUnexpectedEOF)
		_ = in.CloseWithError(io.ErrClosedPipe)
	}()
	remote := agent.Dial(stream{fromAgent, toAgent, end})
	if err := remote.Ping(ctx); err != nil {
		_ = remote.Close()
		end()
		select {
		case why := <-ended:
			err = errors.Join(why, err)
		case <-time.After(time.Second):
		}
		return nil, fmt.Errorf("execute a command in the pod %s: %w", pod, err)
	}
	return remote, nil
}

// executor runs the command that joins an agent, over WebSocket, else over SPDY.
func (a *Access) executor(pod string) (remotecommand.Executor, error) {
	request := a.Client.CoreV1().RESTClient().Post().Resource("pods").Namespace(a.Namespace).Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{
			Container: containerName, Command: []string{image.Conformance, "agent", "connect"}, Stdin: true, Stdout: true, Stderr: true,
		}, scheme.ParameterCodec)
	socket, err := remotecommand.NewWebSocketExecutor(a.Rest, "GET", request.URL().String())
	if err != nil {
		return nil, err
	}
	spdy, err := remotecommand.NewSPDYExecutor(a.Rest, "POST", request.URL())
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(socket, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
}
