// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "record the table of sysctls from the running kernel (root)")

// TestSysctlTable compares the table with the running kernel, where it is the recorded one.
func TestSysctlTable(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("reading what a pod may write takes root: it makes a network namespace")
	}
	if !*update && !strings.Contains(sysctlText, kernel()+".") {
		t.Skipf("the table was read from another kernel than %s; -update records this one", kernel())
	}
	recorded := recordSysctls(t)
	if *update {
		if err := os.WriteFile("sysctls.txt", []byte(recorded), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(sysctlText, "\n"), strings.Split(recorded, "\n")); diff != "" {
		t.Errorf("table against kernel: %s", diff)
	}
}

// TestCheckSysctl: the expected outcomes were seen with the real tuning of v1.1.1 to v1.9.1.
func TestCheckSysctl(t *testing.T) {
	const fine = SysctlProblemKind(-1)
	for _, c := range []struct {
		key, value string
		want       SysctlProblemKind
		suggestion string
	}{
		{"net.core.somaxconn", "100", fine, ""},
		{"net/core/somaxconn", "100", fine, ""},
		{"/net/core/somaxconn", "100", fine, ""},
		{".net..core.somaxconn.", "100", fine, ""},
		{"net.ipv4.conf.IFNAME.arp_filter", "1", fine, ""},
		{"net.ipv4.conf.all.arp_filter", "1", fine, ""},
		{"net.ipv6.conf.lo.disable_ipv6", "1", fine, ""},
		{"net.sctp.rto_max", "1", fine, ""},
		{"net.ipv4.tcp_congestion_control", "cubic", fine, ""},
		{"net.ipv4.tcp_congestion_control", "cubik", BadValue, ""},
		{"net.ipv4.tcp_fastopen_key", "x", BadValue, ""},
		{"net.ipv4.tcp_fastopen_key", "1-2-3-4", fine, ""},
		{"net.ipv4.ip_local_reserved_ports", "8080 9148", BadValue, ""},
		{"net.ipv4.ip_local_reserved_ports", "8080,9148", fine, ""},
		{"net", "1", OutsideNet, ""},
		{"net.", "1", OutsideNet, ""},
		{"", "1", OutsideNet, ""},
		{"kernel.shmmax", "1", OutsideNet, ""},
		{" net.core.somaxconn", "1", OutsideNet, "net.core.somaxconn"},
		{"/proc/sys/net/core/somaxconn", "1", OutsideNet, "net.core.somaxconn"},
		{"Net.core.somaxconn", "1", OutsideNet, "net.core.somaxconn"},
		{"net.core", "1", Directory, ""},
		{"net.core", "", Directory, ""},
		{"net.ipv4.conf.eth0", "1", Directory, ""},
		{"net.core.somaxcon", "1", NoSuchFile, "net.core.somaxconn"},
		{"net.nosuch", "", NoSuchFile, ""},
		{"net.ipv6.conf.all.disabled_ipv6", "1", NoSuchFile, "net.ipv6.conf.all.disable_ipv6"},
		{"net.ipv6.conf.eth1.disable_ipv6", "1", NoSuchFile, "net.ipv6.conf.IFNAME.disable_ipv6"},
		{"net.ipv4.conf.ifname.arp_filter", "1", NoSuchFile, "net.ipv4.conf.IFNAME.arp_filter"},
		{"net.core.somaxconn ", "1", NoSuchFile, "net.core.somaxconn"},
		{"net.ipv4.conf.eth0.100.arp_filter", "1", DottedInterface, "net.ipv4.conf.IFNAME.arp_filter"},
		{"net.core.rmem_max", "1", NotNamespaced, ""},
		{"net.core.rmem_max", "", NotNamespaced, ""},
		{"net.core.netdev_budget", "300", NotNamespaced, ""},
		{"net.netfilter.nf_conntrack_max", "1", NotNamespaced, ""},
		{"net.core.somaxconn", "", fine, ""},
		{"net.core.somaxconn", " 100 ", fine, ""},
		{"net.core.somaxconn", "100\n", fine, ""},
		{"net.core.somaxconn", "0x10", fine, ""},
		{"net.core.somaxconn", "010", fine, ""},
		{"net.core.somaxconn", "5 abc", fine, ""},
		{"net.core.somaxconn", " ", BadValue, ""},
		{"net.core.somaxconn", "09", BadValue, ""},
		{"net.core.somaxconn", "+5", BadValue, ""},
		{"net.core.somaxconn", "-1", BadValue, ""},
		{"net.core.somaxconn", "1.5", BadValue, ""},
		{"net.core.somaxconn", "5abc", BadValue, ""},
		{"net.core.somaxconn", "2147483648", BadValue, ""},
		{"net.core.somaxconn", "99999999999999999999999", BadValue, ""},
		{"net.ipv6.conf.all.disable_ipv6", "true", BadValue, ""},
		{"net.ipv4.ip_local_port_range", "1024\t65000", fine, ""},
		{"net.ipv4.ip_local_port_range", "1024", fine, ""},
		{"net.ipv4.ip_local_port_range", "1024 65000 7", fine, ""},
		{"net.ipv4.ip_local_port_range", "65000 1024", BadValue, ""},
		{"net.ipv4.ip_local_port_range", "70000 80000", BadValue, ""},
		{"net.ipv4.ip_local_port_range", "1024-65000", BadValue, ""},
		{"net.ipv4.tcp_rmem", "4096", fine, ""},
	} {
		kind, suggestion, message := fine, "", ""
		if p := CheckSysctl(c.key, c.value); p != nil {
			kind, suggestion, message = p.Kind, p.Suggestion, p.Message
		}
		if kind != c.want || suggestion != c.suggestion {
			t.Errorf("%q=%q: kind %d, suggestion %q, want %d, %q (%s)", c.key, c.value, kind, suggestion, c.want, c.suggestion, message)
		}
	}
}
