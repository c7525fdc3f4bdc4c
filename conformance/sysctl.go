// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/conformance/probe"
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/predict"
	"github.com/chainlint/chainlint/pkg/render"
)

// Pods that are looked at where every pod must get the same. Where the order of writes decides, a map of two
// entries is walked the other way round in one of eight runs, so that 60 pods miss it in one run of 3000.
const (
	fewPods  = 3
	manyPods = 60
)

// sysctlSpecs are about the sysctls that an intent names.
var sysctlSpecs = []Spec{
	{
		ID: "SYS-001", Name: "every sysctl that the intent names has its value in a pod", Level: Core, For: WantSysctls, Evidence: 1,
		Why:     "tuning writes what the chain says, and the kernel takes of it what it likes. The value is read back in a pod; where it is written in another form there, the kernel is asked what it makes of the value.",
		Sources: []string{tuningSource},
		Run: func(t *T) {
			if t.Predict {
				t.NotApplicable("the prediction says nothing of values of sysctls")
			}
			pod := t.Start(PodSpec{})
			for _, r := range t.sysctlReadings(pod) {
				t.Read("pod", r.target, r.got, r.expected)
				t.judgeFinding("", r)
			}
			t.Stop(pod)
		},
	},
	{
		ID: "SYS-002", Name: "every pod gets the same", Level: Core, For: WantTuning, Evidence: fewPods,
		Why:     "tuning writes the sysctls of an entry in random order. Two that undo each other, such as all and IFNAME of disable_ipv6, give pods of one chain different networks. Where a chain has such a pair, up to 60 pods are looked at.",
		Sources: []string{tuningSource},
		Run:     (*T).same,
	},
}

// sysctlReadings of all sysctls that the intent names.
func (t *T) sysctlReadings(pod Pod) []finding {
	var files []string
	for key := range t.Intent.Sysctls {
		files = append(files, sysctlFile(key))
	}
	seen, err := pod.Look(t, files...)
	t.Must(err)
	var all []finding
	for _, key := range slices.Sorted(maps.Keys(t.Intent.Sysctls)) {
		all = append(all, t.sysctlReading(pod, key, t.Intent.Sysctls[key], seen))
	}
	return all
}

// sysctlFile is a key as a path below /proc/sys.
func sysctlFile(key string) string {
	file, _ := cni.SysctlPath(key, podInterface)
	return strings.TrimPrefix(file, "/proc/sys/")
}

func (t *T) sysctlReading(pod Pod, key, want string, seen probe.Inspection) finding {
	file := sysctlFile(key)
	r := finding{target: key, got: spaced(seen.Sysctls[file]), expected: spaced(want), code: "wrong-value"}
	r.why = "is the key in an entry of tuning, and does no other entry or plugin write it later?"
	switch {
	case want == "":
		r.expected = "" // tuning leaves the file alone
	case slices.Contains(seen.Missing, file):
		r.got, r.code, r.why = "no such file", "no-sysctl", "a pod on this kernel has no such sysctl; chainlint lint names the nearest one"
	case slices.Contains(seen.Unreadable, file):
		r.got, r.expected = "cannot be read", ""
	case sameNumbers(want, r.got) || t.kernelMakes(pod, file, want) == r.got:
		r.expected = r.got
	}
	return r
}

// spaced is text with one space between the words: the kernel writes tabs.
func spaced(text string) string { return strings.Join(strings.Fields(text), " ") }

// sameNumbers compares what was written with what is read: the kernel takes numbers of base 8, 10 and 16, takes
// fewer than the file holds, and ignores what comes behind them.
func sameNumbers(written, read string) bool {
	given, there := strings.Fields(written), strings.Fields(read)
	if len(given) == 0 || len(there) == 0 {
		return false
	}
	for i := range min(len(given), len(there)) {
		a, ok := new(big.Int).SetString(given[i], 0)
		b, fine := new(big.Int).SetString(there[i], 0)
		if given[i] != there[i] && (!ok || !fine || a.Cmp(b) != 0) {
			return false
		}
	}
	return true
}

// kernelMakes is what is read after a value was written in a pod, "" where that cannot be tried: times are rounded
// to clock ticks, lists are sorted.
func (t *T) kernelMakes(pod Pod, file, value string) string {
	tinkerer, ok := pod.(Tinkerer)
	if !ok || t.missing(NetAdmin) != "" || tinkerer.Change(t, probe.Change{Kind: probe.SetSysctl, Sysctl: file, Value: value}) != nil {
		return ""
	}
	seen, err := pod.Look(t, file)
	if err != nil {
		return ""
	}
	return spaced(seen.Sysctls[file])
}

// same looks at several pods, and at many where the order of writes decides.
func (t *T) same() {
	t.nowhere()
	pods, why := fewPods, t.clash()
	if why != "" {
		pods = manyPods
	}
	t.phase = "open"
	for i := range pods {
		pod := t.Start(PodSpec{})
		t.asIntended(pod, fmt.Sprintf("pod %d of %d: ", i+1, pods), why)
		t.Stop(pod)
		t.record.evidence++
	}
	t.Read("pod", "pods that are as the intent says", fmt.Sprint(pods), fmt.Sprint(pods))
}

// asIntended requires of one of several pods what the intent says.
func (t *T) asIntended(pod Pod, which, clash string) {
	if t.Intent.IPv6LinkLocal == render.Disabled && t.missing(IPv6) == "" {
		if found := inet6(t.settled(pod)); len(found) > 0 {
			t.Read("pod", "if_inet6 of one of several pods", orNone(found), none)
			hint := clash
			if hint == "" {
				hint = absentHints[""]
			}
			t.FailHint("has-ipv6", hint, "%sexpected no IPv6 address, got %s", which, orNone(found))
		}
	}
	if t.Predict {
		return
	}
	for _, r := range t.sysctlReadings(pod) {
		if clash != "" {
			r.why = clash
		}
		if r.expected != "" && r.got != r.expected {
			t.Read("pod", r.target, r.got, r.expected)
		}
		t.judgeFinding(which, r)
	}
}

// clash says which sysctls of the chain undo each other, "" where none do.
func (t *T) clash() string {
	for _, entry := range t.world().Tuning {
		for _, c := range predict.Clashes(entry.Sysctls) {
			return fmt.Sprintf("tuning writes in random order, and %s = %s and %s = %s %s: leave one of them out", c.Earlier.Key, c.Earlier.Value, c.Later.Key, c.Later.Value, c.Why)
		}
	}
	return ""
}
