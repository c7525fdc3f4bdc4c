// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chainlint/chainlint/conformance/probe"
)

// tunedApplication is what software sees in a pod without IPv6.
func tunedApplication() probe.Application {
	localhost := probe.Lookup{Addresses: []string{"127.0.0.1", "::1"}, Unusable: []string{"::1"}}
	return probe.Application{
		Interfaces:    probe.Lookup{Addresses: []string{"127.0.0.1/8", "10.0.1.20/32"}},
		BindLoopback6: probe.Attempt{Errno: "EADDRNOTAVAIL"}, Connect6: probe.Attempt{Errno: "EADDRNOTAVAIL"},
		GoLocalhost: localhost, LibcEverything: localhost, LibcLocalhost: probe.Lookup{Addresses: []string{"127.0.0.1"}},
		LibcLocalhost6: probe.Lookup{Addresses: []string{"::1"}, Unusable: []string{"::1"}},
	}
}

// TestApplicationFindings: what no chain of the lab brings about, the judges must notice all the same.
func TestApplicationFindings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		judge  func(probe.Application) []finding
		change func(*probe.Application)
		want   string // code, "" for none
	}{
		{"lists", listed, nil, ""},
		{"lists link-local", listed, func(a *probe.Application) { a.Interfaces.Addresses = append(a.Interfaces.Addresses, "fe80::1/64") }, "has-ipv6"},
		{"cannot list", listed, func(a *probe.Application) { a.Interfaces = probe.Lookup{Error: "EPERM"} }, "no-list"},
		{"serves", servesAny, nil, ""},
		{"refused", servesAny, func(a *probe.Application) { a.ListenAny.Errno = "ECONNREFUSED" }, "not-served"},
		{"no family", servesAny, func(a *probe.Application) { a.ListenAny.Errno = "EAFNOSUPPORT" }, "not-served"},
		{"serves late", servesAny, func(a *probe.Application) { a.ListenAny.Took = time.Minute }, "not-served"},
		{"loopback", loopback, nil, ""},
		{"loopback is there", loopback, func(a *probe.Application) { a.BindLoopback6.Errno = "" }, "bind-loopback"},
		{"loopback hangs", loopback, func(a *probe.Application) { a.BindLoopback6.Took = time.Minute }, "bind-loopback"},
		{"connect", connecting, nil, ""},
		{"no route", connecting, func(a *probe.Application) { a.Connect6.Errno = "ENETUNREACH" }, ""},
		{"connect times out", connecting, func(a *probe.Application) { a.Connect6 = probe.Attempt{Errno: "ETIMEDOUT", Took: time.Second} }, "connects"},
		{"connects", connecting, func(a *probe.Application) { a.Connect6.Errno = "" }, "connects"},
		{"resolves", resolved, nil, ""},
		{"::1 first in Go", resolved, func(a *probe.Application) { a.GoLocalhost.Addresses = []string{"::1", "127.0.0.1"} }, "unusable"},
		{"::1 first in C", resolved, func(a *probe.Application) { a.LibcEverything.Addresses = []string{"::1", "127.0.0.1"} }, "unusable"},
		{"slowly", resolved, func(a *probe.Application) { a.LibcEverything.Took = time.Minute }, "unusable"},
		{"no localhost", resolved, func(a *probe.Application) { a.GoLocalhost.Addresses = nil }, "unusable"},
		{"::1 although nobody has it", resolved, func(a *probe.Application) { a.LibcLocalhost = a.LibcEverything }, "resolves-ipv6"},
		{"no resolver", resolved, func(a *probe.Application) { a.LibcLocalhost = probe.Lookup{Error: "getent: not found"} }, ""},
	} {
		seen := tunedApplication()
		if c.change != nil {
			c.change(&seen)
		}
		code := ""
		for _, f := range c.judge(seen) {
			if code == "" && f.expected != "" && f.got != f.expected {
				code = f.code
			}
		}
		if code != c.want {
			t.Errorf("%s: %q instead of %q: %+v", c.name, code, c.want, c.judge(seen))
		}
	}
}

func TestSameNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		written, read string
		want          bool
	}{
		{"1", "1", true},
		{"1", "0", false},
		{"0x10", "16", true},
		{"010", "8", true},
		{"010", "10", false},
		{"1024 65000", "1024\t65000", true},
		{"1024", "1024\t65000", true},
		{"1024 65001", "1024\t65000", false},
		{"5 abc", "5", true},
		{"18446744073709551615", "18446744073709551615", true},
		{"cubic", "cubic", true},
		{"cubic", "reno", false},
		{"", "0", false},
		{"1", "", false},
	} {
		if got := sameNumbers(c.written, c.read); got != c.want {
			t.Errorf("%q, read as %q: %v", c.written, c.read, got)
		}
	}
}

// TestStartHints: the words are those of the plugins.
func TestStartHints(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`plugin type="tuning" failed (add): Sysctl net.ipv6.conf.all.disable_ipv6 is not allowed. Only the following sysctls are allowed: [x]`: "allowlist.conf",
		`plugin type="tuning" failed (add): open /proc/sys/net/ipv6/conf/all/disable_ipv6: no such file or directory`:                          "ipv6.disable=1",
		`plugin type="tuning" failed (add): open /proc/sys/net/core/somaxcon: no such file or directory`:                                       "no such sysctl",
		`plugin type="tuning" failed (add): open /proc/sys/net/core/rmem_max: permission denied`:                                               "whole node",
		`plugin type="tuning" failed (add): write /proc/sys/net/core/somaxconn: invalid argument`:                                              "the value",
		`plugin type="portmap" failed (add): something else`:                                                                                   "the plugin's own",
	} {
		e := &StartError{Stage: StagePod, Err: errors.New(text)}
		if got := e.Hint(); !strings.Contains(got, want) {
			t.Errorf("%s: %q", text, got)
		}
	}
}
