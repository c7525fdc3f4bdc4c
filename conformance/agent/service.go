// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
)

// service is the name of the agent's methods.
const service = "Agent"

// Service is what an agent does when it is asked, by net/rpc.
type Service struct {
	ctx     context.Context
	exit    func()
	watched chan Sightings

	lock    sync.Mutex
	next    int
	servers map[int]*probe.Server
	sampled []*Sampled
}

// Sightings are what became of a watch.
type Sightings struct {
	Seen  []probe.Sighting
	Error string
}

// Nothing is asked or answered.
type Nothing struct{}

// List is an answer that may be empty, which net/rpc/jsonrpc takes for none where it is bare.
type List[T any] struct{ All []T }

// Hosting asks for a server.
type Hosting struct {
	Identity string
	Manner   probe.Manner
	Ends     []probe.Listen
}

// watch begins what the configuration asks for.
func (s *Service) watch(d time.Duration) {
	if d == 0 {
		s.watched <- Sightings{}
		return
	}
	go func() {
		seen, err := probe.WatchIPv6(s.ctx, d)
		w := Sightings{Seen: seen}
		if err != nil {
			w.Error = err.Error()
		}
		s.watched <- w
	}()
}

// Probe asks all at once.
func (s *Service) Probe(requests []probe.Request, results *List[probe.Result]) error {
	results.All = make([]probe.Result, len(requests))
	var asking sync.WaitGroup
	for i, r := range requests {
		asking.Go(func() { results.All[i] = r.Do(s.ctx) })
	}
	asking.Wait()
	return nil
}

// Look reads the network namespace.
func (s *Service) Look(sysctls []string, seen *probe.Inspection) error {
	var err error
	*seen, err = probe.Look(sysctls...)
	return err
}

// Listening reads who listens.
func (s *Service) Listening(_ Nothing, ports *List[uint16]) error {
	ports.All = probe.Listening()
	return nil
}

// Rules reads the firewall, which takes rights.
func (s *Service) Rules(_ Nothing, rules *List[string]) error {
	var err error
	rules.All, err = probe.HostPortRules(s.ctx)
	return err
}

// Watch collects IPv6 addresses.
func (s *Service) Watch(d time.Duration, seen *List[probe.Sighting]) error {
	var err error
	seen.All, err = probe.WatchIPv6(s.ctx, d)
	return err
}

// Watched waits for the watch that began with the agent.
func (s *Service) Watched(_ Nothing, result *Sightings) error {
	w := <-s.watched
	s.watched <- w
	*result = w
	return nil
}

// See reads IPv6 as software does.
func (s *Service) See(_ Nothing, seen *probe.Application) error {
	*seen = probe.SeeAsApplication(s.ctx)
	return nil
}

// Serve starts a server and tells its number.
func (s *Service) Serve(h Hosting, number *int) error {
	server, err := probe.Serve(h.Identity, h.Manner, h.Ends...)
	if err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.next++
	s.servers[s.next] = server
	*number = s.next
	return nil
}

// Shut ends a server.
func (s *Service) Shut(number int, _ *Nothing) error {
	s.lock.Lock()
	server := s.servers[number]
	delete(s.servers, number)
	s.lock.Unlock()
	if server == nil {
		return fmt.Errorf("there is no server %d", number)
	}
	server.Close()
	return nil
}

// Shout writes so many bytes to the log.
func (s *Service) Shout(bytes int, _ *Nothing) error {
	line := strings.Repeat("x", 1023) + "\n"
	for range bytes / len(line) {
		if _, err := os.Stdout.WriteString(line); err != nil {
			return err
		}
	}
	return nil
}

// Change changes the network namespace, which takes CAP_NET_ADMIN.
func (s *Service) Change(c probe.Change, _ *Nothing) error { return c.Make() }

// exitDelay lets the answer to Exit go out.
const exitDelay = 50 * time.Millisecond

// Exit ends the agent.
func (s *Service) Exit(_ Nothing, _ *Nothing) error {
	time.AfterFunc(exitDelay, s.exit)
	return nil
}

// Resolve looks a name up.
func (s *Service) Resolve(name string, found *List[string]) error {
	var err error
	found.All, err = net.DefaultResolver.LookupHost(s.ctx, name)
	return err
}

// Ping answers.
func (s *Service) Ping(_ Nothing, _ *Nothing) error { return nil }
