// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"io"
	"net/rpc"
	"net/rpc/jsonrpc"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
)

// Remote is an agent at the other end of a stream. It implements conformance.Place.
type Remote struct{ client *rpc.Client }

// Dial speaks to an agent.
func Dial(stream io.ReadWriteCloser) *Remote { return &Remote{jsonrpc.NewClient(stream)} }

// Close ends the stream, not the agent.
func (r *Remote) Close() error { return r.client.Close() }

// call waits for an answer, or for the end of ctx.
func (r *Remote) call(ctx context.Context, method string, args, reply any) error {
	call := r.client.Go(service+"."+method, args, reply, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		return call.Error
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Probe implements conformance.Place.
func (r *Remote) Probe(ctx context.Context, requests ...probe.Request) ([]probe.Result, error) {
	var results List[probe.Result]
	err := r.call(ctx, "Probe", requests, &results)
	return results.All, err
}

// Look implements conformance.Place.
func (r *Remote) Look(ctx context.Context, sysctls ...string) (seen probe.Inspection, err error) {
	err = r.call(ctx, "Look", sysctls, &seen)
	return seen, err
}

// Listening are the ports at which somebody listens there.
func (r *Remote) Listening(ctx context.Context) ([]uint16, error) {
	var ports List[uint16]
	err := r.call(ctx, "Listening", Nothing{}, &ports)
	return ports.All, err
}

// Rules are those of host ports in the firewall there.
func (r *Remote) Rules(ctx context.Context) ([]string, error) {
	var rules List[string]
	err := r.call(ctx, "Rules", Nothing{}, &rules)
	return rules.All, err
}

// Watch implements conformance.Place.
func (r *Remote) Watch(ctx context.Context, d time.Duration) ([]probe.Sighting, error) {
	var seen List[probe.Sighting]
	err := r.call(ctx, "Watch", d, &seen)
	return seen.All, err
}

// Watched implements conformance.Pod, as far as the agent is concerned.
func (r *Remote) Watched(ctx context.Context) ([]probe.Sighting, error) {
	var w Sightings
	err := r.call(ctx, "Watched", Nothing{}, &w)
	if err == nil && w.Error != "" {
		err = errors.New(w.Error)
	}
	return w.Seen, err
}

// See implements conformance.Place.
func (r *Remote) See(ctx context.Context) (seen probe.Application, err error) {
	err = r.call(ctx, "See", Nothing{}, &seen)
	return seen, err
}

// Serve implements conformance.Place.
func (r *Remote) Serve(ctx context.Context, identity string, manner probe.Manner, ends ...probe.Listen) (stop func(), err error) {
	var number int
	if err := r.call(ctx, "Serve", Hosting{identity, manner, ends}, &number); err != nil {
		return nil, err
	}
	return func() { _ = r.call(context.WithoutCancel(ctx), "Shut", number, &Nothing{}) }, nil
}

// Change implements conformance.Tinkerer, where the agent has the right to.
func (r *Remote) Change(ctx context.Context, c probe.Change) error {
	return r.call(ctx, "Change", c, &Nothing{})
}

// Shout writes so many bytes to the log of the agent's container.
func (r *Remote) Shout(ctx context.Context, bytes int) error {
	return r.call(ctx, "Shout", bytes, &Nothing{})
}

// Exit ends the agent: its process, and so its container.
func (r *Remote) Exit(ctx context.Context) error { return r.call(ctx, "Exit", Nothing{}, &Nothing{}) }

// Resolve looks a name up there.
func (r *Remote) Resolve(ctx context.Context, name string) ([]string, error) {
	var found List[string]
	err := r.call(ctx, "Resolve", name, &found)
	return found.All, err
}

// Sampled is what became of the samples so far.
func (r *Remote) Sampled(ctx context.Context) ([]Sampled, error) {
	var all List[Sampled]
	err := r.call(ctx, "Sampled", Nothing{}, &all)
	return all.All, err
}

// Ping waits until the agent answers.
func (r *Remote) Ping(ctx context.Context) error { return r.call(ctx, "Ping", Nothing{}, &Nothing{}) }
