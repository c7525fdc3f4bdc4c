// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// tune writes the three sysctls that keep IPv6 out of a namespace.
func (s space) tune(t *testing.T, value string) {
	t.Helper()
	s.do(t, func() error {
		for _, name := range []string{"all", "default", "lo"} {
			if err := write("ipv6/conf/"+name+"/disable_ipv6", value); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s space) look(t *testing.T, sysctls ...string) (seen Inspection) {
	t.Helper()
	s.do(t, func() (err error) {
		seen, err = Look(sysctls...)
		return err
	})
	return seen
}

func TestLook(t *testing.T) {
	l := newLab(t)
	const dotted, path, none, flush, secret = "net.ipv6.conf.eth0.disable_ipv6", "net/ipv6/conf/eth0/disable_ipv6", "net.ipv4.no_such_thing", "net.ipv4.route.flush", "net.ipv6.conf.eth0.stable_secret"
	seen := l.pod.look(t, dotted, path, none, flush, secret)
	if !slices.Equal(seen.Unreadable, []string{flush, secret}) {
		t.Errorf("%q", seen.Unreadable)
	}
	if i := slices.IndexFunc(l.node.look(t).Links, func(n Link) bool { return n.Index == seen.Links[1].Peer && n.Name == "pod" }); i < 0 {
		t.Errorf("%+v belongs to no link of the node", seen.Links[1])
	}
	if want := map[string]string{dotted: "0", path: "0", none: ""}; len(seen.Sysctls) != 5 || seen.Sysctls[dotted] != "0" || seen.Sysctls[path] != "0" || !slices.Equal(seen.Missing, []string{none}) {
		t.Errorf("%v, %v instead of %v", seen.Sysctls, seen.Missing, want)
	}
	if len(seen.Links) != 2 || seen.Links[1].Name != "eth0" || !seen.Links[1].Up || seen.Links[1].MAC == "" || seen.Links[1].Index < 2 {
		t.Errorf("%+v", seen.Links)
	}
	for _, want := range []Address{{"lo", netip.MustParsePrefix("127.0.0.1/8"), "host"}, {"eth0", netip.MustParsePrefix(podIP + "/24"), "global"}, {"eth0", netip.MustParsePrefix(podIP6 + "/64"), "global"}, {"lo", netip.MustParsePrefix("::1/128"), "host"}} {
		if !slices.Contains(seen.Addresses, want) {
			t.Errorf("no %+v in %+v", want, seen.Addresses)
		}
	}
	if !slices.ContainsFunc(seen.Addresses, func(a Address) bool { return a.Scope == "link" && a.Prefix.Addr().IsLinkLocalUnicast() }) {
		t.Errorf("no link-local address in %+v", seen.Addresses)
	}
	if len(seen.Inet6) != 3 || seen.NoInet6 || !strings.HasSuffix(seen.Inet6[0], " lo") {
		t.Errorf("%q", seen.Inet6)
	}
	for _, want := range []string{"default via fd00:1::1 dev eth0 metric 1024", "fe80::/64 dev eth0 metric 256", "local ::1 dev lo table local", "multicast ff00::/8 dev eth0 table local metric 256"} {
		if !slices.Contains(seen.Routes6, want) {
			t.Errorf("no %q in %q", want, seen.Routes6)
		}
	}
	l.pod.ask(t, SCTP, "["+podIP6[:len(podIP6)-1]+"1]:1")
	if seen := l.pod.look(t); !slices.ContainsFunc(seen.Neighbors6, func(n string) bool { return strings.HasPrefix(n, "fd00:1::1 dev eth0 lladdr ") }) {
		t.Errorf("%q", seen.Neighbors6)
	}
}

func TestLookTuned(t *testing.T) {
	l := newLab(t)
	before := l.node.look(t)
	l.pod.tune(t, "1")
	seen := l.pod.look(t, "net.ipv6.conf.all.disable_ipv6")
	if len(seen.Inet6)+len(seen.Routes6)+len(seen.Neighbors6) > 0 || seen.NoInet6 || seen.Sysctls["net.ipv6.conf.all.disable_ipv6"] != "1" {
		t.Errorf("%+v", seen)
	}
	after := l.node.look(t)
	lost := slices.DeleteFunc(slices.Clone(before.Addresses), func(a Address) bool { return slices.Contains(after.Addresses, a) })
	if len(lost) > 0 || len(after.Inet6) == 0 {
		t.Errorf("the node lost %v of %v", lost, before.Addresses)
	}
}

func TestSysctlFile(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"net.ipv4.ip_forward":            "/proc/sys/net/ipv4/ip_forward",
		"net/ipv4/conf/eth0.5/rp_filter": "/proc/sys/net/ipv4/conf/eth0.5/rp_filter",
		"net.ipv4.conf.eth0/5.rp_filter": "/proc/sys/net/ipv4/conf/eth0.5/rp_filter",
		"../../etc/passwd":               "/proc/sys/.etc.passwd",
		"net/../../../etc/passwd":        "/proc/sys/etc/passwd",
		"":                               "/proc/sys",
	} {
		if got := sysctlFile(name); got != want {
			t.Errorf("%q: %q instead of %q", name, got, want)
		}
	}
}

func (s space) rules(t *testing.T) (rules []string) {
	t.Helper()
	s.do(t, func() (err error) {
		rules, err = HostPortRules(t.Context())
		return err
	})
	return rules
}

func TestHostPortRules(t *testing.T) {
	needs(t, "iptables", "nft")
	// A chain, two rules that lead there and two that translate, and three of four that mark, for IPv4 and IPv6;
	// two rules that translate and two or one that masquerade.
	for backend, want := range map[string]int{"iptables": 9 + 7, "nftables": 4 + 3} {
		t.Run(backend, func(t *testing.T) {
			l := newLab(t)
			if rules := l.node.rules(t); len(rules) > 0 {
				t.Errorf("before: %q", rules)
			}
			ports := []map[string]any{hostPort("sctp", 8080, 80), hostPort("tcp", 8080, 80)}
			l.portmap(t, release, "ADD", backend, ports...)
			rules := l.node.rules(t)
			if len(rules) != want {
				t.Errorf("%d rules:\n%s", len(rules), strings.Join(rules, "\n"))
			}
			l.portmap(t, release, "DEL", backend, ports...)
			if rules := l.node.rules(t); len(rules) > 0 {
				t.Errorf("after: %q", rules)
			}
		})
	}
}

// TestHostPortRulesUnseen: looking leaves no table behind, and tools that are missing are no error.
func TestHostPortRulesUnseen(t *testing.T) {
	needs(t, "nft")
	s := newSpace(t)
	s.rules(t)
	s.do(t, func() error { return run("sh", "-c", "! nft list tables | grep .") })
	t.Setenv("PATH", t.TempDir())
	if rules := s.rules(t); len(rules) > 0 {
		t.Errorf("%q", rules)
	}
}
