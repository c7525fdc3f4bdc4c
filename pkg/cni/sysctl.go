// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/chainlint/chainlint/internal/nearest"
)

// SysctlProblemKind is what is wrong with a sysctl.
type SysctlProblemKind int

// The problems of a key, and BadValue, that of a value.
const (
	// OutsideNet: tuning writes below net only.
	OutsideNet SysctlProblemKind = iota
	// DottedInterface: dots become slashes, so an interface with a dot in its name cannot be written.
	DottedInterface
	// NoSuchFile: a pod has no such file.
	NoSuchFile
	// NotNamespaced: the file is one for the whole node, which a pod cannot write, or does not even see.
	NotNamespaced
	// Directory: the key stops too early.
	Directory
	// BadValue: the kernel refuses the value.
	BadValue
)

// SysctlProblem is why tuning fails on a sysctl.
type SysctlProblem struct {
	Kind SysctlProblemKind
	// Message says what is wrong and what to write instead, without a full stop.
	Message string
	// Suggestion is the key to write instead, "" where none is near.
	Suggestion string
}

// podInterfaces are the names under net/ipv4/conf and net/ipv6/conf in a pod, podDevices those that are
// interfaces.
var (
	podInterfaces = []string{"all", "default", "eth0", "lo"}
	podDevices    = []string{"eth0", "lo"}
)

const (
	procSys         = "/proc/sys/"
	podInterface    = "eth0"
	interfacePlace  = "IFNAME"
	anyInterface    = "<if>"  // in the table: all of podInterfaces
	anyDevice       = "<dev>" // in the table: all of podDevices
	interfaceDirLen = 3       // net, ipv4, conf
)

// SysctlPath is what tuning makes of a key: dots to slashes, then the first IFNAME replaced, under /proc/sys;
// ok is false where tuning refuses the key, because it is outside of net (tuning.go, getSysctlFilename).
func SysctlPath(key, ifname string) (file string, ok bool) {
	key = strings.Replace(strings.ReplaceAll(key, ".", "/"), interfacePlace, ifname, 1)
	file = path.Join(procSys, key)
	return file, strings.HasPrefix(file, procSys+"net/")
}

// CheckSysctl judges a key and a value for a pod whose interfaces are lo and eth0; nil where the write
// succeeds or nothing is known. An empty value changes nothing, but the file must be there and be writable.
//
// What is known is what one kernel has, the one that the first line of sysctls.txt names, with the limits of
// its build: other kernels have fewer files (older ones) or more (other modules; the subtrees of the usual
// ones are left alone), and limits of times depend on the build's clock tick. A value is judged as if it were
// the only write: limits that depend on other files are those of a fresh pod.
func CheckSysctl(key, value string) *SysctlProblem {
	file, ok := SysctlPath(key, podInterface)
	if !ok {
		return outsideNet(key)
	}
	file = strings.TrimPrefix(file, procSys)
	table := sysctlTable()
	if table.inModule(file) {
		return nil
	}
	entry, ok := table.lookup(file)
	switch {
	case !ok:
		return noFile(key, file, table)
	case entry.shape == ofHost || entry.shape == readOnly:
		return &SysctlProblem{Kind: NotNamespaced, Message: key + " belongs to the whole node, and no pod can write it: set it on the node"}
	}
	if value == "" {
		return nil
	}
	if why := entry.refuses(file, value); why != "" {
		return &SysctlProblem{Kind: BadValue, Message: key + " takes " + why}
	}
	return nil
}

func outsideNet(key string) *SysctlProblem {
	p := &SysctlProblem{Kind: OutsideNet, Message: "tuning writes sysctls below net only, and " + quote(key) + " is none"}
	bare := strings.TrimPrefix(strings.Trim(strings.ToLower(key), "/. \t\n"), "proc/sys/")
	if file, ok := SysctlPath(bare, podInterface); ok {
		if _, known := sysctlTable().lookup(strings.TrimPrefix(file, procSys)); known {
			return p.suggest(written(bare))
		}
	}
	return p
}

func noFile(key, file string, table sysctlEntries) *SysctlProblem {
	if sysctlDirectories()[file] {
		return &SysctlProblem{Kind: Directory, Message: key + " is a directory: name a file in it"}
	}
	parts := strings.Split(file, "/")
	if len(parts) > interfaceDirLen+2 && interfaceOf(file) != "" {
		fixed := slices.Concat(parts[:interfaceDirLen], []string{podInterface, parts[len(parts)-1]})
		if _, ok := table.lookup(path.Join(fixed...)); ok {
			fixed[interfaceDirLen] = interfacePlace
			p := &SysctlProblem{Kind: DottedInterface, Message: "every dot in a key becomes a slash, so " + key + " names no interface"}
			return p.suggest(strings.Join(fixed, "."))
		}
	}
	p := &SysctlProblem{Kind: NoSuchFile, Message: "a pod has no sysctl " + quote(key)}
	return p.suggest(table.near(file))
}

func (p *SysctlProblem) suggest(key string) *SysctlProblem {
	if key != "" {
		p.Suggestion = key
		p.Message += ", did you mean " + key + "?"
	}
	return p
}

// near is the key whose file is most like one that is not there.
func (t sysctlEntries) near(file string) string {
	device := cmp.Or(interfaceOf(file), interfacePlace)
	if !slices.Contains(podInterfaces, device) {
		device = interfacePlace
	}
	candidates := sysctlCandidates()[device]
	best := nearest.To(file, candidates)
	// A word of three letters is like many others: the last parts must be like each other, too.
	if best == "" || nearest.To(path.Base(file), []string{path.Base(best)}) == "" {
		return ""
	}
	return written(best)
}

// sysctlCandidates are the files that a pod can write, by the interface that stands in them.
var sysctlCandidates = sync.OnceValue(func() map[string][]string {
	all := map[string][]string{}
	for _, device := range append(slices.Clone(podInterfaces), interfacePlace) {
		all[device] = sysctlTable().writable(device)
	}
	return all
})

// writable are the files that a pod with such an interface can write.
func (t sysctlEntries) writable(device string) []string {
	var candidates []string
	for known, entry := range t {
		if entry.shape == ofHost || entry.shape == readOnly || entry.shape == ofModule {
			continue
		}
		if i := interfaceOf(known); i == anyInterface || i == anyDevice {
			known = withInterface(known, device)
		}
		candidates = append(candidates, known)
	}
	slices.Sort(candidates)
	return candidates
}

// written is the key for a file.
func written(file string) string { return strings.ReplaceAll(file, "/", ".") }

// interfaceOf is the interface in a path such as net/ipv4/conf/eth0/arp_filter, "" if there is none.
func interfaceOf(file string) string {
	parts := strings.Split(file, "/")
	if len(parts) > interfaceDirLen+1 && (parts[1] == "ipv4" || parts[1] == "ipv6") && (parts[2] == "conf" || parts[2] == "neigh") {
		return parts[interfaceDirLen]
	}
	return ""
}

func withInterface(file, name string) string {
	parts := strings.Split(file, "/")
	parts[interfaceDirLen] = name
	return strings.Join(parts, "/")
}
