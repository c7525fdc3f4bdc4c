// SPDX-License-Identifier: Apache-2.0

package cni

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// foreignModules are subtrees of kernel modules that a node may have although the recording kernel has not:
// of what is in there nothing is known.
var foreignModules = []string{"net/dccp", "net/ieee802154", "net/ipv4/vs", "net/iucv", "net/l2tp", "net/mpls", "net/rds", "net/sctp", "net/smc", "net/vsock", "net/x25"}

// latches are files whose switch is the whole machine's and stays on once it is: they are not written to,
// and stand in the table as on a machine where it is off. A pod's 0 fails where it is on.
// net/netfilter/nf_hooks_lwtunnel.c, nf_hooks_lwtunnel_set.
var latches = map[string]string{"net/netfilter/nf_hooks_lwtunnel": "numbers 1 0 1"}

// recordSysctls reads the table off the running kernel: what a fresh network namespace with lo and eth0 has,
// which values its files take, and what only the initial namespace has. It takes root.
func recordSysctls(t *testing.T) string {
	t.Helper()
	initial := sysctlFiles(t)
	found, failed := map[string]string{}, make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and so does its namespace
		failed <- func() error {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return err
			}
			if err := likeAPod(); err != nil {
				return err
			}
			for _, file := range sysctlFiles(t) {
				found[file] = probeFile(file)
			}
			return nil
		}()
	}()
	if err := <-failed; errors.Is(err, unix.EPERM) {
		t.Skipf("no network namespace of its own here: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	for _, file := range initial {
		if _, ok := found[file]; !ok {
			found[file] = string(ofHost)
		}
	}
	for _, module := range foreignModules {
		found[module] = string(ofModule)
	}
	return writeTable(fold(found))
}

// likeAPod gives the calling thread's namespace what a pod of Terway has: lo and eth0, one end of a veth.
func likeAPod() error {
	handle, err := netlink.NewHandle()
	if err != nil {
		return err
	}
	defer handle.Close()
	if err := handle.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: "peer"}); err != nil {
		return err
	}
	for _, name := range []string{"lo", "eth0", "peer"} {
		link, err := handle.LinkByName(name)
		if err != nil {
			return err
		}
		if err := handle.LinkSetUp(link); err != nil {
			return err
		}
	}
	return nil
}

// sysctlFiles are the files under /proc/sys/net of the calling thread's namespace, without those of
// interfaces that a pod has not.
func sysctlFiles(t *testing.T) []string {
	var files []string
	err := filepath.WalkDir(procSys+"net", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file := strings.TrimPrefix(path, procSys)
		if i := interfaceOf(file); i == "" || slices.Contains(podInterfaces, i) {
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return files
}

// probeFile is what follows the path in the table.
func probeFile(file string) string {
	if latch, ok := latches[file]; ok {
		return latch
	}
	info, err := os.Stat(procSys + file)
	if err != nil || info.Mode()&0o200 == 0 || !accepts(file, "") {
		return string(readOnly)
	}
	raw, err := os.ReadFile(procSys + file)
	text := strings.TrimSpace(string(raw))
	if err != nil && info.Mode()&0o400 == 0 {
		text = "1" // write-only, as route/flush
	}
	fields := strings.Fields(text)
	if len(fields) == 0 || !accepts(file, text) {
		return string(plainText)
	}
	for _, f := range fields {
		if _, ok := kernelNumber(f); !ok {
			return string(plainText)
		}
	}
	return probeNumbers(file, fields)
}

func probeNumbers(file string, fields []string) string {
	defer accepts(file, strings.Join(fields, " "))
	var low, high *big.Int
	for i := range fields {
		take := func(n *big.Int) bool {
			with := slices.Clone(fields)
			with[i] = n.String()
			ok := accepts(file, strings.Join(with, " "))
			accepts(file, strings.Join(fields, " "))
			return ok
		}
		now, _ := kernelNumber(fields[i])
		least, most := edge(now, lowest, take), edge(now, highest, take)
		if !solid(least, most, take) {
			least, most = lowest, highest // milliseconds wrap around: any number may or may not be taken
		}
		if low == nil || least.Cmp(low) < 0 {
			low = least
		}
		if high == nil || most.Cmp(high) > 0 {
			high = most
		}
	}
	shape := numbers
	if len(fields) == 2 && fields[0] != fields[1] && !accepts(file, fields[1]+" "+fields[0]) && accepts(file, fields[0]+" "+fields[0]) {
		shape = ascending
	}
	return fmt.Sprintf("%s %d %s %s", shape, len(fields), low, high)
}

// edge is the value nearest to far that is taken, by bisection from one that is.
func edge(taken, far *big.Int, take func(*big.Int) bool) *big.Int {
	if take(far) {
		return far
	}
	one := big.NewInt(1)
	for new(big.Int).Abs(new(big.Int).Sub(far, taken)).Cmp(one) > 0 {
		middle := new(big.Int).Add(taken, far)
		middle.Rsh(middle, 1)
		if middle.Cmp(taken) == 0 { // Rsh rounds down
			middle.Add(middle, one)
		}
		if take(middle) {
			taken = middle
		} else {
			far = middle
		}
	}
	return taken
}

// solid tells whether values between the edges are taken, too.
func solid(least, most *big.Int, take func(*big.Int) bool) bool {
	random := rand.New(rand.NewPCG(1, 1))
	width := new(big.Int).Sub(most, least)
	for range 8 {
		part := new(big.Int).Mul(width, big.NewInt(int64(random.IntN(1000))))
		part.Div(part, big.NewInt(1000))
		if !take(part.Add(part, least)) {
			return false
		}
	}
	return true
}

func accepts(file, value string) bool { return os.WriteFile(procSys+file, []byte(value), 0o644) == nil }

// fold makes one line of what holds for all interfaces of a pod.
func fold(found map[string]string) map[string]string {
	folded := maps.Clone(found)
	for _, set := range []struct {
		name       string
		interfaces []string
	}{{anyInterface, podInterfaces}, {anyDevice, podDevices}} {
		for file, what := range found {
			i := interfaceOf(file)
			same := i != ""
			for _, other := range set.interfaces {
				same = same && folded[withInterface(file, other)] == what
			}
			if !same {
				continue
			}
			for _, other := range set.interfaces {
				delete(folded, withInterface(file, other))
			}
			folded[withInterface(file, set.name)] = what
		}
	}
	return folded
}

func writeTable(found map[string]string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# Files under /proc/sys/net, %s.\n", kernel())
	out.WriteString("# numbers|ascending COUNT MIN MAX, text, readonly, host: only outside of pods, module: unknown.\n")
	for _, file := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(&out, "%s %s\n", file, found[file])
	}
	return out.String()
}

// kernel is the running one, without what its builder appended.
func kernel() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "unknown"
	}
	release, _, _ := strings.Cut(unix.ByteSliceToString(name.Release[:]), "-")
	return "Linux " + release
}
