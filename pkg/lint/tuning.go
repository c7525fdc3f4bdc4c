// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
)

// sysctl is one that tuning writes, with the member that says so.
type sysctl struct {
	entry  *Entry
	member conflist.Member
	// key as written, value decoded; path is the file under /proc/sys, "" where tuning refuses the key.
	key, value, path string
}

// podInterface is the name that the runtime gives the pod's interface.
const podInterface = "eth0"

// sysctls are those of an entry of tuning, as it decodes them: spellings of "sysctl" are poured into one map.
func (e *Entry) sysctls() []sysctl {
	members, _ := e.Merged("sysctl")
	var all []sysctl
	for _, m := range members {
		if m.Value.Kind != conflist.String && m.Value.Kind != conflist.Null {
			continue // plugin-value-type reports it
		}
		s := sysctl{entry: e, member: m, key: m.Name(), value: m.Value.String()}
		s.path, _ = cni.SysctlPath(s.key, podInterface)
		all = append(all, s)
	}
	return all
}

// atKey and atValue are where the sysctl is written.
func (s sysctl) atKey() Place   { return s.entry.At(s.pointer(), s.member.Key) }
func (s sysctl) atValue() Place { return s.entry.At(s.pointer(), s.member.Value) }

func (s sysctl) pointer() string {
	name := "sysctl"
	if m := s.entry.Field("sysctl"); m != nil {
		name = m.Name()
	}
	return "/" + conflist.EscapePointer(name) + "/" + conflist.EscapePointer(s.key)
}

// allSysctls are those of all entries of tuning, in the order of the chain.
func (p *Pass) allSysctls() []sysctl {
	var all []sysctl
	for _, e := range p.Plugins(cni.Tuning) {
		all = append(all, e.sysctls()...)
	}
	return all
}

// disablesIPv6 maps the interface of each disable_ipv6 that a chain writes to the last one that writes it.
func (p *Pass) disablesIPv6() map[string]sysctl {
	found := map[string]sysctl{}
	for _, s := range p.allSysctls() {
		if name, ok := cni.DisableIPv6(s.path); ok && s.value != "" {
			found[name] = s
		}
	}
	return found
}

// off tells whether the value switches IPv6 off.
func (s sysctl) off() bool { return s.value != "" && s.value != "0" }
