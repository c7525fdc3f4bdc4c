// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/predict"
)

// sysctl is one that tuning writes, with the entry that says so.
type sysctl struct {
	predict.Sysctl
	entry *Entry
}

// podInterface is the name that the runtime gives the pod's interface.
const podInterface = "eth0"

// sysctls are those of an entry of tuning, as it decodes them; plugin-value-type reports values of the wrong type.
func (e *Entry) sysctls() []sysctl {
	var all []sysctl
	for _, s := range predict.ReadSysctls(e.Node) {
		all = append(all, sysctl{s, e})
	}
	return all
}

// atKey and atValue are where the sysctl is written.
func (s sysctl) atKey() Place   { return s.entry.At(s.pointer(), s.Member.Key) }
func (s sysctl) atValue() Place { return s.entry.At(s.pointer(), s.Member.Value) }

func (s sysctl) pointer() string {
	name := "sysctl"
	if m := s.entry.Field("sysctl"); m != nil {
		name = m.Name()
	}
	return "/" + conflist.EscapePointer(name) + "/" + conflist.EscapePointer(s.Key)
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
		if name, ok := cni.DisableIPv6(s.Path); ok && s.Value != "" {
			found[name] = s
		}
	}
	return found
}
