// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TestDisableIPv6 writes disable_ipv6 in a network namespace like a pod's and looks at which interfaces keep
// IPv6 addresses: what the rules about link-local addresses rest on.
func TestDisableIPv6(t *testing.T) {
	for _, c := range []struct {
		write []string
		want  string // interfaces with IPv6 addresses left
	}{
		{nil, "eth0 lo"},
		{[]string{"default"}, "eth0 lo"},
		{[]string{"lo"}, "eth0"},
		{[]string{"eth0"}, "lo"},
		{[]string{"all"}, ""},
		{[]string{"all", "default", "lo"}, ""},
	} {
		got, err := leftAfter(c.write)
		if errors.Is(err, os.ErrPermission) {
			t.Skipf("no network namespace of its own here: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("after writing %v: %s", c.write, diff)
		}
	}
}

// leftAfter returns the interfaces that have IPv6 addresses after the writes, in a namespace of its own.
func leftAfter(writes []string) (left string, err error) {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and so does its namespace
		done <- func() error {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return err
			}
			if err := likeAPod(); err != nil {
				return err
			}
			for range 200 { // the kernel gives the link-local address a moment after the link is up
				if left, err = withIPv6(); err != nil || left == "eth0 lo" {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			for _, name := range writes {
				if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/disable_ipv6", []byte("1"), 0o600); err != nil {
					return err
				}
			}
			left, err = withIPv6()
			return err
		}()
	}()
	return left, <-done
}

func withIPv6() (string, error) {
	var names []string
	for _, name := range []string{"eth0", "lo"} {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return "", err
		}
		addresses, err := netlink.AddrList(link, netlink.FAMILY_V6)
		if err != nil {
			return "", err
		}
		if len(addresses) > 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " "), nil
}
