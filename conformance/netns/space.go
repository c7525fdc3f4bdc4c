// SPDX-License-Identifier: Apache-2.0

// Package netns is the environment of the conformance suite that needs nothing but Linux: network namespaces
// as nodes, clients and pods, libcni and the real plugins, and a stand-in for Terway. [Enter] takes a process
// to namespaces of its own first, in which the machine cannot be touched; when the process ends, however it
// ends, the kernel removes everything.
package netns

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/chainlint/chainlint/conformance/probe"
)

// space is a network namespace, and a mount namespace where one of its own is needed.
type space struct {
	net, mounts int
}

// newSpace makes a network namespace with lo up. private: with a mount namespace of its own, which prepare
// changes.
func newSpace(prepare func() error) (*space, error) {
	s := &space{net: -1, mounts: -1}
	err := onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		if prepare != nil {
			if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
				return fmt.Errorf("make a mount namespace: %w", err)
			}
			if err := prepare(); err != nil {
				return err
			}
			var err error
			if s.mounts, err = openSelf("mnt"); err != nil {
				return err
			}
		}
		var err error
		s.net, err = openSelf("net")
		return err
	})
	if err == nil {
		err = s.links(func(l *netlink.Handle) error { return up(l, "lo") })
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func openSelf(kind string) (int, error) {
	return unix.Open("/proc/thread-self/ns/"+kind, unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

// onThread runs f on a thread that ends with it.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread, and the namespaces it is in, end with the goroutine
		done <- f()
	}()
	return <-done
}

// do runs f on a thread in the space. Processes that f starts are in there, too, and so are the sockets that f
// itself makes.
func (s *space) do(f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(s.net, unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter a network namespace: %w", err)
		}
		if s.mounts >= 0 {
			if err := unix.Unshare(unix.CLONE_FS); err != nil {
				return err
			}
			if err := unix.Setns(s.mounts, unix.CLONE_NEWNS); err != nil {
				return fmt.Errorf("enter a mount namespace: %w", err)
			}
		}
		return f()
	})
}

// path is where another process of this user finds the network namespace.
func (s *space) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), s.net) }

func (s *space) close() {
	for _, fd := range []*int{&s.net, &s.mounts} {
		if *fd >= 0 {
			_ = unix.Close(*fd)
			*fd = -1
		}
	}
}

// links gives f a handle on the space's links.
func (s *space) links(f func(*netlink.Handle) error) error {
	h, err := netlink.NewHandleAt(netns.NsHandle(s.net))
	if err != nil {
		return fmt.Errorf("open netlink: %w", err)
	}
	defer h.Close()
	return f(h)
}

// sysctls writes files below /proc/sys/net; those that this kernel lacks are passed over.
func (s *space) sysctls(values ...string) error {
	return s.do(func() error {
		for i := 0; i+1 < len(values); i += 2 {
			err := os.WriteFile("/proc/sys/net/"+values[i], []byte(values[i+1]), 0o644)
			if err != nil && !os.IsNotExist(err) {
				return err
			}
		}
		return nil
	})
}

// Probe implements conformance.Place.
func (s *space) Probe(ctx context.Context, requests ...probe.Request) ([]probe.Result, error) {
	results, failed := make([]probe.Result, len(requests)), make(chan error, len(requests))
	for i, r := range requests {
		go func() {
			failed <- s.do(func() error {
				results[i] = r.Do(ctx)
				return nil
			})
		}()
	}
	var first error
	for range requests {
		if err := <-failed; err != nil && first == nil {
			first = err
		}
	}
	return results, first
}

// Look implements conformance.Place.
func (s *space) Look(ctx context.Context, sysctls ...string) (seen probe.Inspection, err error) {
	err = s.do(func() error {
		var err error
		seen, err = probe.Look(sysctls...)
		return err
	})
	return seen, err
}

// Change implements conformance.Tinkerer.
func (s *space) Change(_ context.Context, c probe.Change) error {
	return s.do(func() error { return c.Make() })
}

// Serve implements conformance.Place.
func (s *space) Serve(_ context.Context, identity string, manner probe.Manner, ends ...probe.Listen) (stop func(), err error) {
	var server *probe.Server
	err = s.do(func() error {
		var err error
		server, err = probe.Serve(identity, manner, ends...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return server.Close, nil
}
