// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
)

// changing are the parts of listings that change by themselves: times, counters.
var changing = regexp.MustCompile(`(?m)^#.*$|\[\d+:\d+\]|packets \d+ bytes \d+`)

// machineState is what runs must leave as it was: links, rules and routes of the machine, its mounts, its firewall,
// and the directories that belong to runtimes.
func machineState(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	links, err := netlink.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		fmt.Fprintln(&b, "link", l.Attrs().Name)
	}
	rules, err := netlink.RuleList(netlink.FAMILY_ALL)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		fmt.Fprintln(&b, r)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	b.Write(mounts)
	for _, listing := range [][]string{{"iptables-save"}, {"ip6tables-save"}, {"nft", "list", "ruleset"}} {
		text, err := exec.Command(listing[0], listing[1:]...).Output()
		if err == nil { // an ordinary user may not look, and cannot change it either
			fmt.Fprintln(&b, listing, changing.ReplaceAllString(string(text), ""))
		}
	}
	for _, dir := range []string{"/etc/cni", "/run/netns", "/var/lib/cni", "/run/chainlint"} {
		fmt.Fprintln(&b, dir, names(t, dir))
	}
	return b.String()
}
