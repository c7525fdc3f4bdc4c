// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/chainlint/chainlint/conformance"
	"github.com/chainlint/chainlint/conformance/probe"
)

// place is a machine, or the inside of a pod.
type place struct {
	conformance.Pod
	world     *World
	pod       *Pod // nil on a machine
	addresses []netip.Addr
	servers   map[*server]bool
}

type server struct {
	identity string
	manner   probe.Manner
	ends     []probe.Listen
}

// Pod is one of a world.
type Pod struct {
	*place
	Spec conformance.PodSpec
	uid  string
}

// UID implements conformance.Pod.
func (p *Pod) UID() string { return p.uid }

// IPs implements conformance.Pod.
func (p *Pod) IPs() []netip.Addr { return p.addresses }

// Stop implements conformance.Pod.
func (p *Pod) Stop(context.Context) error {
	w := p.world
	w.lock.Lock()
	defer w.lock.Unlock()
	i := slices.Index(w.pods, p)
	if i < 0 {
		return nil
	}
	w.pods = slices.Delete(w.pods, i, i+1)
	if w.Stop != nil {
		return w.Stop(p)
	}
	return nil
}

// Watch implements conformance.Place: nothing ever appears.
func (p *place) Watch(context.Context, time.Duration) ([]probe.Sighting, error) { return nil, nil }

// Watched implements conformance.Pod.
func (p *Pod) Watched(context.Context) ([]probe.Sighting, error) { return nil, nil }

// Kill implements conformance.Pod.
func (p *Pod) Kill(ctx context.Context) error { return p.Stop(ctx) }

// Serve implements conformance.Place.
func (p *place) Serve(_ context.Context, identity string, manner probe.Manner, ends ...probe.Listen) (stop func(), err error) {
	p.world.lock.Lock()
	defer p.world.lock.Unlock()
	s := &server{identity, manner, ends}
	p.servers[s] = true
	return func() {
		p.world.lock.Lock()
		defer p.world.lock.Unlock()
		delete(p.servers, s)
	}, nil
}

// Look implements conformance.Place: a pod is as tuning leaves it, a machine as the kernel makes it.
func (p *place) Look(_ context.Context, sysctls ...string) (probe.Inspection, error) {
	p.world.lock.Lock()
	defer p.world.lock.Unlock()
	seen := probe.Inspection{
		Links:     []probe.Link{{Name: "lo", Index: 1, Up: true}, {Name: "eth0", Index: 2, Up: true}},
		Addresses: []probe.Address{{Link: "lo", Prefix: netip.MustParsePrefix("127.0.0.1/8"), Scope: "host"}},
		Sysctls:   map[string]string{},
	}
	for _, a := range p.addresses {
		seen.Addresses = append(seen.Addresses, probe.Address{Link: "eth0", Prefix: netip.PrefixFrom(a, 24), Scope: "global"})
	}
	value := "1"
	if p.pod == nil {
		value, seen.Inet6 = "0", []string{"fe800000000000000000000000000001 02 40 20 80 eth0"}
	}
	for _, name := range sysctls {
		seen.Sysctls[name] = "0"
		if strings.HasSuffix(name, "disable_ipv6") {
			seen.Sysctls[name] = value
		}
	}
	if p.world.Look != nil {
		p.world.Look(p.pod, &seen)
	}
	return seen, nil
}

// took is how long a question takes.
const took = time.Millisecond

// Probe implements conformance.Place.
func (p *place) Probe(_ context.Context, requests ...probe.Request) ([]probe.Result, error) {
	w := p.world
	time.Sleep(took)
	w.lock.Lock()
	defer w.lock.Unlock()
	var all []probe.Result
	for _, r := range requests {
		q := Question{Request: r}
		result := p.ask(&q)
		if w.Transport != nil {
			if err := w.Transport(q); err != nil {
				return nil, err
			}
		}
		if w.Answer != nil {
			result = w.Answer(q, result)
		}
		all = append(all, result)
	}
	return all, nil
}
