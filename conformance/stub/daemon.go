// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"path/filepath"

	"github.com/containernetworking/cni/pkg/types"

	"github.com/chainlint/chainlint/pkg/terway"
)

// Socket of Terway's daemon on a node (plugin/driver/types/types.go, DefaultSocketPath).
const Socket = "/var/run/eni/eni.socket"

// daemonName is the name of the daemon's methods.
const daemonName = "Terway"

// service is a daemon, as net/rpc wants it.
type service struct {
	ctx      context.Context
	daemon   Daemon
	datapath string
}

// Allocate answers an ADD.
func (s *service) Allocate(containerID string, given *Allocation) (err error) {
	*given, err = s.daemon.Allocate(s.ctx, containerID)
	return err
}

// Release answers a DEL.
func (s *service) Release(containerID string, _ *bool) error {
	return s.daemon.Release(s.ctx, containerID)
}

// Datapath is what cilium's plugin finds running.
func (s *service) Datapath(_ bool, datapath *string) error {
	*datapath = s.datapath
	return nil
}

// Listen serves plugins until ctx ends; serving is called once they are answered.
func Listen(ctx context.Context, socket string, daemon Daemon, datapath string, serving func() error) error {
	server := rpc.NewServer()
	if err := server.RegisterName(daemonName, &service{ctx, daemon, datapath}); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		return err
	}
	_ = os.Remove(socket) // an earlier process may have left it
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false) // the next daemon may have made its own meanwhile: the old one has no time to end
	context.AfterFunc(ctx, func() { _ = l.Close() })
	if err := serving(); err != nil {
		return errors.Join(err, l.Close())
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

// dialed is a daemon at the other end of its socket.
type dialed struct{ client *rpc.Client }

func dialDaemon(socket string) (*dialed, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	return &dialed{jsonrpc.NewClient(conn)}, nil
}

// Allocate implements [Daemon].
func (d *dialed) Allocate(_ context.Context, containerID string) (given Allocation, err error) {
	err = d.client.Call(daemonName+".Allocate", containerID, &given)
	return given, err
}

// Release implements [Daemon].
func (d *dialed) Release(_ context.Context, containerID string) error {
	var done bool
	return d.client.Call(daemonName+".Release", containerID, &done)
}

// IsPlugin tells whether a program that is called by that name is to be a plugin: see [Plugin].
func IsPlugin(program string) bool {
	name := filepath.Base(program)
	return name == terway.PluginType || name == terway.ChainerType
}

// Plugin is the process of Terway's plugin, or of cilium's, on a node of a cluster: it follows the specification of
// CNI, and returns the exit code.
func Plugin(ctx context.Context, name, socket string, environ []string, stdin io.Reader, stdout io.Writer) int {
	text, err := io.ReadAll(stdin)
	var out []byte
	if err == nil {
		out, err = plugin(ctx, filepath.Base(name), socket, NewCall(environ, text))
	}
	if err != nil {
		var known *types.Error
		if !errors.As(err, &known) {
			known = types.NewError(types.ErrInternal, err.Error(), "")
		}
		_ = known.Print()
		return 1
	}
	if _, err := io.Copy(stdout, bytes.NewReader(out)); err != nil {
		return 1
	}
	return 0
}

func plugin(ctx context.Context, name, socket string, call Call) ([]byte, error) {
	if call.Command == "VERSION" {
		return versions()
	}
	daemon, err := dialDaemon(socket)
	if err != nil {
		return nil, failed("dial", err)
	}
	defer daemon.client.Close() //nolint:errcheck // the process ends
	if name == terway.PluginType {
		return Terway(ctx, daemon, call)
	}
	var datapath string
	if err := daemon.client.Call(daemonName+".Datapath", true, &datapath); err != nil {
		return nil, failed("ask", err)
	}
	return Cilium(call, datapath)
}
