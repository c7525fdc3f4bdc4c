// SPDX-License-Identifier: Apache-2.0

// Package agent is what runs inside of a pod or beside one: it asks, answers and reads there what it is told to. Its
// first process serves a socket in a directory of its own; [Connect], run in the same container by whoever may
// execute commands there, joins that socket to its standard streams, and [Dial] makes a place of those. So the suite
// needs no network of the cluster to steer it, and what it does goes on when a stream breaks.
package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
)

// Dir is where an agent puts its socket: a volume, so that the rest of the file system can be read-only.
const Dir = "/run/chainlint"

// Variable of the environment with the [Config], as JSON. IdentityVariable, where it is set, has the pod's UID.
const (
	Variable         = "CHAINLINT_AGENT"
	IdentityVariable = "POD_UID"
)

// Config is what an agent does from its first instant on.
type Config struct {
	// Identity with which its servers answer.
	Identity string       `json:"identity,omitempty"`
	Manner   probe.Manner `json:"manner,omitempty"`
	// Ends at which it serves.
	Ends []probe.Listen `json:"ends,omitempty"`
	// Watch its IPv6 addresses for so long.
	Watch time.Duration `json:"watch,omitempty"`
	// Samples are asked all the time.
	Samples []Sample `json:"samples,omitempty"`
	// Health answers a kubelet.
	Health Health `json:"health,omitzero"`
}

// FromEnvironment reads the configuration. None at all is an agent that waits to be told.
func FromEnvironment() (Config, error) {
	var c Config
	if text := os.Getenv(Variable); text != "" {
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return c, fmt.Errorf("%s: %w", Variable, err)
		}
	}
	if uid := os.Getenv(IdentityVariable); uid != "" {
		c.Identity = uid
	}
	return c, nil
}

// Run is an agent, until ctx ends or it is told to exit. dir gets its socket.
func Run(ctx context.Context, dir string, c Config) error {
	ctx, exit := context.WithCancel(ctx)
	defer exit()
	service := &Service{ctx: ctx, exit: exit, watched: make(chan Sightings, 1), servers: map[int]*probe.Server{}}
	service.watch(c.Watch)
	service.sample(c.Samples)
	server, err := probe.Serve(c.Identity, c.Manner, c.Ends...)
	if err != nil {
		return err
	}
	defer server.Close()
	if err := c.Health.serve(ctx); err != nil {
		return err
	}
	_ = os.Remove(socket(dir)) // a container that is started again has the volume of the one before
	l, err := net.Listen("unix", socket(dir))
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	return service.accept(l)
}

// Serve is an agent on one stream, until that ends.
func Serve(ctx context.Context, stream io.ReadWriteCloser) error {
	service := &Service{ctx: ctx, exit: func() {}, watched: make(chan Sightings, 1), servers: map[int]*probe.Server{}}
	service.watch(0)
	server, err := service.rpc()
	if err != nil {
		return err
	}
	server.ServeCodec(jsonrpc.NewServerCodec(stream))
	return nil
}

func socket(dir string) string { return filepath.Join(dir, "agent.sock") }

func (s *Service) rpc() (*rpc.Server, error) {
	server := rpc.NewServer()
	return server, server.RegisterName(service, s)
}

func (s *Service) accept(l net.Listener) error {
	server, err := s.rpc()
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go server.ServeCodec(jsonrpc.NewServerCodec(conn))
	}
}

// connectLimit is how long an agent may take from its start to its socket.
const connectLimit = 10 * time.Second

// Connect joins the agent that runs beside this process to its standard streams, until either ends.
func Connect(ctx context.Context, dir string, in io.Reader, out io.Writer) error {
	conn, err := dial(ctx, socket(dir))
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing is left to be said on it
	go func() {
		_, _ = io.Copy(conn, in)
		_ = conn.Close()
	}()
	_, err = io.Copy(out, conn)
	if errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) { // an agent may end with questions unread
		return nil
	}
	return err
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if err == nil {
			return conn, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(10 * time.Millisecond):
		}
	}
}
