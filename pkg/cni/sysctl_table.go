// SPDX-License-Identifier: Apache-2.0

package cni

import (
	_ "embed"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// sysctlShape is what a file holds, or why a pod cannot write it.
type sysctlShape string

const (
	numbers   sysctlShape = "numbers"
	ascending sysctlShape = "ascending" // two numbers, the first not above the second
	plainText sysctlShape = "text"
	readOnly  sysctlShape = "readonly" // a pod sees the file and cannot write it
	ofHost    sysctlShape = "host"     // a pod does not see the file
	ofModule  sysctlShape = "module"   // a subtree of a module that the recording kernel had not
)

// sysctlEntry is one line of the table: how many numbers the file holds, and between which bounds.
type sysctlEntry struct {
	shape       sysctlShape
	count       int
	least, most *big.Int
}

type sysctlEntries map[string]sysctlEntry

// sysctlText is recorded by `go test ./pkg/cni -run TestSysctlTable -update`.
//
//go:embed sysctls.txt
var sysctlText string

var sysctlTable = sync.OnceValue(func() sysctlEntries {
	table := sysctlEntries{}
	for line := range strings.Lines(sysctlText) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] != "#" {
			table[fields[0]] = readEntry(fields[1:])
		}
	}
	return table
})

func readEntry(fields []string) sysctlEntry {
	e := sysctlEntry{shape: sysctlShape(fields[0])}
	if len(fields) == 4 {
		e.count, _ = strconv.Atoi(fields[1])
		e.least, _ = new(big.Int).SetString(fields[2], 10)
		e.most, _ = new(big.Int).SetString(fields[3], 10)
	}
	return e
}

func (t sysctlEntries) lookup(file string) (sysctlEntry, bool) {
	if e, ok := t[file]; ok {
		return e, true
	}
	name := interfaceOf(file)
	if slices.Contains(podDevices, name) {
		if e, ok := t[withInterface(file, anyDevice)]; ok {
			return e, true
		}
	}
	if slices.Contains(podInterfaces, name) {
		e, ok := t[withInterface(file, anyInterface)]
		return e, ok
	}
	return sysctlEntry{}, false
}

func (t sysctlEntries) inModule(file string) bool {
	for i := range file {
		if file[i] == '/' && t[file[:i]].shape == ofModule {
			return true
		}
	}
	return t[file].shape == ofModule
}

// sysctlDirectories are all directories of the table in a pod.
var sysctlDirectories = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for known := range sysctlTable() {
		for _, name := range podInterfaces {
			full := known
			if i := interfaceOf(known); i == anyInterface || i == anyDevice && slices.Contains(podDevices, name) {
				full = withInterface(known, name)
			}
			for i := range full {
				if full[i] == '/' {
					all[full[:i]] = true
				}
			}
		}
	}
	return all
})

// lowest and highest are the bounds where the kernel has none.
var (
	lowest  = new(big.Int).Lsh(big.NewInt(-1), 63)
	highest = new(big.Int).SetUint64(math.MaxUint64)
)

// wants is what a file of numbers takes.
func (e sysctlEntry) wants() string {
	want := "a whole number"
	if e.count > 1 {
		want = fmt.Sprintf("%d whole numbers", e.count)
	}
	if e.least.Cmp(lowest) == 0 && e.most.Cmp(highest) == 0 {
		return want
	}
	return fmt.Sprintf("%s from %s to %s", want, e.least, e.most)
}

// textForms are what some files of text take. Which congestion controls a node has, and lets pods use, is
// another matter: only names that no kernel has are refused.
var textForms = map[string]struct {
	pattern *regexp.Regexp
	want    string
}{
	"net/ipv4/tcp_congestion_control": {
		regexp.MustCompile(`^(reno|cubic|bbr\w*|bic|cdg|dctcp|highspeed|htcp|hybla|illinois|lp|nv|scalable|vegas|veno|westwood|yeah|bpf_\w+)\s*$`),
		"the name of a congestion control, such as cubic or bbr",
	},
	"net/ipv4/tcp_fastopen_key": {
		regexp.MustCompile(`^\s*[0-9a-fA-F]{1,8}(-[0-9a-fA-F]{1,8}){3}`),
		"one or two keys of four hexadecimal words",
	},
	"net/ipv4/ip_local_reserved_ports": {regexp.MustCompile(`^(\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?)*)?,?\s*$`), "ports and ranges of ports, with commas between them"},
}

// refuses says what the file takes where it does not take the value, else "". Most text is not judged.
func (e sysctlEntry) refuses(file, value string) string {
	if form, ok := textForms[file]; ok && !form.pattern.MatchString(value) {
		return form.want + ", not " + quote(value)
	}
	if e.count == 0 {
		return ""
	}
	want := e.wants() + ", not " + quote(value)
	// The kernel reads as many numbers as the file holds, contents itself with fewer, and ignores the rest.
	fields := strings.FieldsFunc(value, isKernelSpace)
	if len(fields) == 0 {
		return want
	}
	var given []*big.Int
	for _, field := range fields[:min(len(fields), e.count)] {
		n, ok := kernelNumber(field)
		if !ok || n.Cmp(e.least) < 0 || n.Cmp(e.most) > 0 {
			return want
		}
		given = append(given, n)
	}
	if e.shape == ascending && len(given) == 2 && given[0].Cmp(given[1]) > 0 {
		return "two whole numbers, the lower one first, not " + quote(value)
	}
	return ""
}

func isKernelSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' }

var kernelNumberPattern = regexp.MustCompile(`^-?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$`)

// maxNumberLen is as much of a number as the kernel looks at (kernel/sysctl.c, TMPBUFLEN).
const maxNumberLen = 20

// kernelNumber reads a number as the kernel does: decimal, octal or hexadecimal, without a plus.
func kernelNumber(s string) (*big.Int, bool) {
	if len(s) > maxNumberLen || !kernelNumberPattern.MatchString(s) {
		return nil, false
	}
	return new(big.Int).SetString(s, 0)
}

// quote shortens what users wrote.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strconv.Quote(s)
}
