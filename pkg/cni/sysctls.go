// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"regexp"
	"strings"
)

// DisableIPv6 returns the interface of a disable_ipv6 file; ok is false for every other path.
func DisableIPv6(path string) (name string, ok bool) {
	rest, found := strings.CutPrefix(path, "/proc/sys/net/ipv6/conf/")
	name, file, _ := strings.Cut(rest, "/")
	return name, found && file == "disable_ipv6"
}

// walkers are the files under net/ipv4/conf/all and net/ipv6/conf/all that the kernel copies to every
// interface when they are written (net/ipv6/addrconf.c: disable_ipv6, forwarding, disable_policy,
// ignore_routes_with_linkdown; net/ipv4/devinet.c: forwarding).
var walkers = []string{"disable_ipv6", "forwarding", "disable_policy", "ignore_routes_with_linkdown"}

// OrderMatters says why the outcome of two writes depends on which comes last, "" if it does not.
func OrderMatters(aPath, aValue, bPath, bValue string) string {
	switch {
	case aPath == "" || bPath == "" || aValue == "" || bValue == "" || aValue == bValue:
		return ""
	case aPath == bPath:
		return "are the same file with different values"
	}
	aDir, aName, aFile := confParts(aPath)
	bDir, bName, bFile := confParts(bPath)
	if aDir == "" || aDir != bDir || aFile != bFile || aName != "all" && bName != "all" {
		return ""
	}
	for _, file := range walkers {
		if aFile == file {
			return "disagree, and writing \"all\" sets every interface"
		}
	}
	return ""
}

// confParts splits /proc/sys/net/ipv6/conf/NAME/FILE.
func confParts(path string) (dir, name, file string) {
	for _, prefix := range []string{"/proc/sys/net/ipv4/conf/", "/proc/sys/net/ipv6/conf/"} {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			name, file, _ = strings.Cut(rest, "/")
			return prefix, name, file
		}
	}
	return "", "", ""
}

// Allowed tells whether tuning finds a key in the lines of its allow-list: unanchored regular expressions,
// trimmed, against the key as it is written (plugins/meta/tuning/tuning.go, contains). A line that is no
// expression lets tuning fail, so nothing is allowed.
func Allowed(key string, lines []string) bool {
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		pattern, err := regexp.Compile(line)
		if err != nil {
			return false
		}
		if pattern.MatchString(key) {
			return true
		}
	}
	return false
}
