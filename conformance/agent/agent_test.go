// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/agent"
	"github.com/chainlint/chainlint/conformance/probe"
)

var _ conformance.Place = (*agent.Remote)(nil)

// pipes is a stream of two pipes.
type pipes struct {
	io.Reader
	io.WriteCloser
}

// start is an agent, and the far end of a command that is connected to it.
func start(t *testing.T, c agent.Config) *agent.Remote {
	t.Helper()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- agent.Run(ctx, dir, c) }()
	in, toAgent := io.Pipe()
	fromAgent, out := io.Pipe()
	go func() { ended <- agent.Connect(ctx, dir, in, out) }()
	remote := agent.Dial(pipes{fromAgent, toAgent})
	t.Cleanup(func() {
		_ = remote.Close()
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	return remote
}

func TestServesFromItsStart(t *testing.T) {
	r := start(t, agent.Config{Identity: "me", Ends: []probe.Listen{{Protocol: probe.TCP, Address: netip.MustParseAddr("127.0.0.1"), Port: 18231}}})
	got, err := r.Probe(t.Context(), ask(18231))
	if err != nil || len(got) != 1 || got[0].Outcome != probe.Answered || got[0].Reply.Identity != "me" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestServesWhenAsked(t *testing.T) {
	r := start(t, agent.Config{})
	end := probe.Listen{Protocol: probe.TCP, Address: netip.MustParseAddr("127.0.0.1"), Port: 18232}
	stop, err := r.Serve(t.Context(), "control", probe.Honest, end)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []probe.Outcome{probe.Answered, probe.Refused} {
		got, err := r.Probe(t.Context(), ask(18232))
		if err != nil || got[0].Outcome != want {
			t.Errorf("%+v, %v, want %s", got, err, want)
		}
		stop()
	}
}

func ask(port uint16) probe.Request {
	return probe.Request{Protocol: probe.TCP, To: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port), Limit: time.Second}
}

func TestReads(t *testing.T) {
	r := start(t, agent.Config{Watch: 10 * time.Millisecond})
	seen, err := r.Look(t.Context(), "net.ipv4.ip_forward")
	if err != nil || len(seen.Links) == 0 || seen.Sysctls["net.ipv4.ip_forward"] == "" {
		t.Errorf("look: %+v, %v", seen, err)
	}
	if rules, err := r.Rules(t.Context()); err != nil {
		t.Errorf("rules: %q, %v", rules, err)
	}
	if none, err := r.Probe(t.Context()); err != nil || len(none) > 0 {
		t.Errorf("nothing was asked: %v, %v", none, err)
	}
	for range 2 { // what was seen is told again
		if _, err := r.Watched(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if app, err := r.See(t.Context()); err != nil || len(app.Interfaces.Addresses) == 0 {
		t.Errorf("see: %+v, %v", app, err)
	}
}

func TestEndOfContextEndsACall(t *testing.T) {
	r := start(t, agent.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := r.Watch(ctx, time.Minute); err == nil {
		t.Error("a call outlives its context")
	}
}
