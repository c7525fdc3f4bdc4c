// SPDX-License-Identifier: Apache-2.0

package cni

import "strings"

// TEMPORARY until the recorded table arrives (same names; replace this file).

type SysctlProblemKind int

const (
	OutsideNet SysctlProblemKind = iota
	DottedInterface
	NoSuchFile
	NotNamespaced
	Directory
	BadValue
)

type SysctlProblem struct {
	Kind       SysctlProblemKind
	Message    string
	Suggestion string
}

func SysctlPath(key, ifname string) (path string, ok bool) {
	path = "/proc/sys/" + strings.Replace(strings.ReplaceAll(key, ".", "/"), "IFNAME", ifname, 1)
	return path, strings.HasPrefix(path, "/proc/sys/net/")
}

func CheckSysctl(key, value string) *SysctlProblem { return nil }
