// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func (s space) application(t *testing.T) (seen Application) {
	t.Helper()
	s.do(t, func() error {
		seen = SeeAsApplication(t.Context())
		return nil
	})
	return seen
}

func TestApplication(t *testing.T) {
	needs(t, "getent")
	l := newLab(t)
	seen := l.pod.application(t)
	for _, a := range []Attempt{seen.Socket6, seen.ListenAny, seen.BindLoopback6} {
		if a.Errno != "" {
			t.Errorf("%+v", seen)
		}
	}
	if !mentions(seen.Interfaces.Addresses, "fe80::") || !slices.Contains(seen.Interfaces.Addresses, podIP+"/24") {
		t.Errorf("%+v", seen.Interfaces)
	}
	if seen.Connect6.Errno == "" { // the node has no way there
		t.Errorf("%+v", seen.Connect6)
	}
}

func TestApplicationTuned(t *testing.T) {
	needs(t, "getent")
	l := newLab(t)
	l.pod.tune(t, "1")
	seen := l.pod.application(t)
	for _, c := range []struct {
		name string
		got  Attempt
		want string
	}{
		{"socket", seen.Socket6, ""},
		{"bind to ::", seen.ListenAny, ""},
		{"bind to ::1", seen.BindLoopback6, "EADDRNOTAVAIL"},
		{"connect", seen.Connect6, "EADDRNOTAVAIL"}, // the kernel looks for its own address first
	} {
		if c.got.Errno != c.want || c.got.Took > patience6 {
			t.Errorf("%s: %+v instead of %q", c.name, c.got, c.want)
		}
	}
	if mentions(seen.Interfaces.Addresses, ":") || len(seen.Interfaces.Addresses) != 2 {
		t.Errorf("%+v", seen.Interfaces)
	}
	if mentions(seen.LibcLocalhost.Addresses, "::1") {
		t.Errorf("%+v", seen.LibcLocalhost)
	}
	if seen.LibcLocalhost6.Error != "nothing was found" && len(seen.LibcLocalhost6.Unusable) < len(seen.LibcLocalhost6.Addresses) {
		t.Errorf("%+v", seen.LibcLocalhost6)
	}
	for name, l := range map[string]Lookup{"Go": seen.GoLocalhost, "libc": seen.LibcLocalhost, "libc without a filter": seen.LibcEverything} {
		if l.Error != "" || len(l.Addresses) == 0 || slices.Contains(l.Unusable, l.Addresses[0]) || slices.Contains(l.Addresses, "::1") != slices.Contains(l.Unusable, "::1") {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func TestLookupWithoutGetent(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if got := lookupLibc(t.Context(), "ahosts", "localhost"); !strings.Contains(got.Error, "not found") {
		t.Errorf("%+v", got)
	}
}

func TestAttempts(t *testing.T) {
	s := newSpace(t)
	s.do(t, func() error {
		start := time.Now()
		if err := write("ipv4/tcp_syn_retries", "1"); err != nil {
			return err
		}
		if got := attempt(serveAny); got.Errno != "" {
			t.Errorf("%+v", got)
		}
		if took := time.Since(start); took > patience6 {
			t.Errorf("%s", took)
		}
		return nil
	})
}
