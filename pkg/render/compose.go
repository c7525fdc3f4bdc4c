// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/chainlint/chainlint/pkg/cni"
	"github.com/chainlint/chainlint/pkg/conflist"
	"github.com/chainlint/chainlint/pkg/terway"
)

// said is a value and the place in the intent that said it first.
type said[T any] struct {
	value   T
	intent  Intent
	pointer string
}

func (s said[T]) problem(class Class, code, format string, args ...any) Problem {
	return s.intent.problem(class, code, s.pointer, format, args...)
}

// wish is all intents put together. A nil field means that no intent has an opinion.
type wish struct {
	exposure  *said[string]
	backend   *said[string]
	markChain *said[string]
	masqAll   *said[bool]
	symmetric map[string]*said[any] // by the JSON key of Terway's symmetric_routing_config
	linkLocal *said[string]
	sysctls   []sysctl
	raw       []rawPlugin
	// ownPortmap: the intent that asks for host ports writes the portmap entry itself, among its raw plugins.
	ownPortmap bool
}

// sysctl of every pod; Name is spelled as the intent spells it.
type sysctl struct {
	name string
	said[string]
}

// rawPlugin is an entry that an intent wrote itself.
type rawPlugin struct {
	kind string
	said[*conflist.Node]
}

// compose puts the intents together. Public includes Private; what contradicts is a problem that names
// both intents; what is said twice counts once.
func compose(intents []Intent, policy *Policy) (wish, Problems) {
	intents = slices.Clone(intents)
	slices.SortStableFunc(intents, func(a, b Intent) int { return cmp.Compare(a.Name, b.Name) })
	var w wish
	var ps Problems
	for _, in := range intents {
		ps = append(ps, checkPolicy(in, policy)...)
		ps = append(ps, w.addHostPorts(in)...)
		if v := in.Spec.IPv6LinkLocal; v != "" {
			ps = append(ps, agree(&w.linkLocal, v, in, "/ipv6LinkLocal")...)
		}
		ps = append(ps, w.addSysctls(in)...)
		ps = append(ps, w.addRaw(in)...)
	}
	ps = append(ps, w.checkLinkLocal()...)
	return w, append(ps, w.checkRepeated()...)
}

// agree stores what an intent says, or reports the intent that said something else before.
func agree[T comparable](have **said[T], value T, in Intent, pointer string) Problems {
	if *have == nil {
		*have = &said[T]{value, in, pointer}
		return nil
	}
	if first := *have; first.value != value {
		return Problems{in.problem(Refused, "intent-conflict", pointer, "%s is %v here and %v in ChainIntent %s: make the two agree",
			field(pointer), value, first.value, first.intent.Name)}
	}
	return nil
}

// field is a pointer as people write it.
func field(pointer string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", "."), "~1", "/")
}

func (w *wish) addHostPorts(in Intent) Problems {
	hp := in.Spec.HostPorts
	if hp == nil {
		return nil
	}
	var ps Problems
	if w.exposure == nil || w.exposure.value == Private && hp.Exposure == Public {
		w.exposure = &said[string]{hp.Exposure, in, "/hostPorts/exposure"}
	}
	if hp.Backend != "" {
		ps = append(ps, agree(&w.backend, hp.Backend, in, "/hostPorts/backend")...)
	}
	if hp.MarkChain != "" {
		ps = append(ps, agree(&w.markChain, hp.MarkChain, in, "/hostPorts/markChain")...)
	}
	if hp.MasqAll != nil {
		ps = append(ps, agree(&w.masqAll, *hp.MasqAll, in, "/hostPorts/masqAll")...)
	}
	return append(ps, w.addSymmetric(in)...)
}

func (w *wish) addSymmetric(in Intent) Problems {
	sr := in.Spec.HostPorts.SymmetricRouting
	if sr == nil {
		return nil
	}
	if in.Spec.HostPorts.Exposure != Public {
		return Problems{in.problem(Invalid, "symmetric-routing-private", "/hostPorts/symmetricRouting",
			"symmetricRouting goes with exposure: Public; private host ports do not need it: leave it out, or ask for Public")}
	}
	if w.symmetric == nil {
		w.symmetric = map[string]*said[any]{}
	}
	var ps Problems
	for _, f := range symmetricFields {
		value := f.get(sr)
		if reflect.ValueOf(value).IsZero() {
			continue
		}
		have := w.symmetric[f.key]
		ps = append(ps, agree(&have, value, in, "/hostPorts/symmetricRouting/"+f.field)...)
		w.symmetric[f.key] = have
	}
	return ps
}

// symmetricFields maps the fields of an intent to Terway's keys, in the order they are written.
var symmetricFields = []struct {
	field, key string
	get        func(*SymmetricRouting) any
	set        func(*SymmetricRouting, any)
}{
	{"interface", "interface", func(s *SymmetricRouting) any { return s.Interface }, func(s *SymmetricRouting, v any) { s.Interface, _ = v.(string) }},
	{"mark", "mark", func(s *SymmetricRouting) any { return s.Mark }, func(s *SymmetricRouting, v any) { s.Mark, _ = v.(int) }},
	{"mask", "mask", func(s *SymmetricRouting) any { return s.Mask }, func(s *SymmetricRouting, v any) { s.Mask, _ = v.(int) }},
	{"tableID", "table_id", func(s *SymmetricRouting) any { return s.TableID }, func(s *SymmetricRouting, v any) { s.TableID, _ = v.(int) }},
	{"rulePriority", "rule_priority", func(s *SymmetricRouting) any { return s.RulePriority }, func(s *SymmetricRouting, v any) { s.RulePriority, _ = v.(int) }},
	{"backend", "backend", func(s *SymmetricRouting) any { return s.Backend }, func(s *SymmetricRouting, v any) { s.Backend, _ = v.(string) }},
}

// canonicalSysctl is the path under /proc/sys that a spelling addresses: tuning turns dots into slashes.
func canonicalSysctl(name string) string {
	return strings.TrimPrefix(strings.ReplaceAll(name, ".", "/"), "/")
}

func (w *wish) addSysctls(in Intent) Problems {
	var ps Problems
	for _, name := range slices.Sorted(maps.Keys(in.Spec.Sysctls)) {
		pointer := "/sysctls/" + conflist.EscapePointer(name)
		value := in.Spec.Sysctls[name]
		i := slices.IndexFunc(w.sysctls, func(s sysctl) bool { return canonicalSysctl(s.name) == canonicalSysctl(name) })
		if i < 0 {
			w.sysctls = append(w.sysctls, sysctl{name, said[string]{value, in, pointer}})
			continue
		}
		first := w.sysctls[i]
		switch {
		case first.value != value:
			ps = append(ps, in.problem(Refused, "intent-conflict", pointer, "the sysctl %s is %q here and %q in ChainIntent %s: make the two agree", name, value, first.value, first.intent.Name))
		case first.name != name && first.intent.Name == in.Name:
			ps = append(ps, in.problem(Invalid, "intent-conflict", pointer, "%s and %s are one sysctl: write one of them", first.name, name))
		}
	}
	return ps
}

// checkLinkLocal holds sysctls against the opinion about IPv6 addresses.
func (w *wish) checkLinkLocal() Problems {
	if w.linkLocal == nil {
		return nil
	}
	var ps Problems
	for _, s := range w.sysctls {
		name := canonicalSysctl(s.name)
		if !strings.HasPrefix(name, "net/ipv6/conf/") || !strings.HasSuffix(name, "/disable_ipv6") {
			continue
		}
		wanted := "1"
		if w.linkLocal.value == Kernel {
			wanted = "0"
		}
		if s.value != wanted {
			ps = append(ps, s.problem(Refused, "intent-conflict", "the sysctl %s is %q here, but ipv6LinkLocal is %s in ChainIntent %s: make the two agree",
				s.name, s.value, w.linkLocal.value, w.linkLocal.intent.Name))
		}
	}
	return ps
}

func (w *wish) addRaw(in Intent) Problems {
	var ps Problems
	for i, text := range in.Spec.Plugins {
		pointer := fmt.Sprintf("/plugins/%d", i)
		node, err := conflist.Parse(string(text))
		if err != nil {
			ps = append(ps, in.problem(Invalid, "raw-plugin", pointer, "%v", err))
			continue
		}
		raw := rawPlugin{node.Get("type").String(), said[*conflist.Node]{node, in, pointer}}
		if raw.kind == terway.PluginType {
			ps = append(ps, in.problem(Refused, "raw-plugin", pointer+"/type", "a second entry of type terway makes every pod fail: the first plugin is 10-terway.conf, leave this one out"))
			continue
		}
		// Within one intent, order and repetition are its author's.
		other := slices.IndexFunc(w.raw, func(r rawPlugin) bool { return r.kind == raw.kind && r.intent.Name != in.Name })
		switch {
		case other < 0:
			w.raw = append(w.raw, raw)
		case !sameJSON(w.raw[other].value, node):
			ps = append(ps, in.problem(Refused, "intent-conflict", pointer, "this %s entry differs from the one in ChainIntent %s, and a chain runs each plugin once: make the two agree", raw.kind, w.raw[other].intent.Name))
		}
	}
	return ps
}

// checkRepeated refuses a raw entry of a type that another intent's wish is rendered to.
func (w *wish) checkRepeated() Problems {
	var ps Problems
	rendered := map[string]string{}
	if w.exposure != nil {
		rendered[cni.Portmap] = w.exposure.intent.Name
	}
	if w.linkLocal != nil && w.linkLocal.value == Disabled {
		rendered[cni.Tuning] = w.linkLocal.intent.Name
	} else if len(w.sysctls) > 0 {
		rendered[cni.Tuning] = w.sysctls[0].intent.Name
	}
	for _, r := range w.raw {
		if r.kind == cni.Portmap && w.exposure != nil && r.intent.Name == w.exposure.intent.Name {
			w.ownPortmap = true
			continue
		}
		if by, ok := rendered[r.kind]; ok {
			ps = append(ps, r.problem(Refused, "intent-conflict", "this raw %s entry comes beside the one that ChainIntent %s is rendered to, and a chain runs each plugin once: say it with one of the two", r.kind, by))
		}
	}
	return ps
}

func sameJSON(a, b *conflist.Node) bool {
	var x, y any
	return a.Decode(&x) == nil && b.Decode(&y) == nil && reflect.DeepEqual(x, y)
}

func checkPolicy(in Intent, policy *Policy) Problems {
	if policy == nil {
		return nil
	}
	var ps Problems
	if hp := in.Spec.HostPorts; hp != nil && policy.Exposure != nil && !slices.Contains(policy.Exposure, hp.Exposure) {
		ps = append(ps, in.problem(Refused, "policy", "/hostPorts/exposure", "the policy allows exposure %s only, not %s", listed(policy.Exposure), hp.Exposure))
	}
	if policy.RawPlugins == Deny && len(in.Spec.Plugins) > 0 {
		ps = append(ps, in.problem(Refused, "policy", "/plugins/0", "the policy allows no raw plugins"))
	}
	if policy.Sysctls == nil {
		return ps
	}
	for _, name := range slices.Sorted(maps.Keys(in.Spec.Sysctls)) {
		if !allowedBy(policy.Sysctls, name) {
			ps = append(ps, in.problem(Refused, "policy", "/sysctls/"+conflist.EscapePointer(name), "the policy allows the sysctls %s only, not %s", listed(policy.Sysctls), name))
		}
	}
	return ps
}

func listed(words []string) string {
	if len(words) == 0 {
		return "(none)"
	}
	return strings.Join(words, ", ")
}

// allowedBy matches shell patterns, dots and slashes being the same separator and * crossing it.
func allowedBy(patterns []string, name string) bool {
	dotted := strings.ReplaceAll(canonicalSysctl(name), "/", ".")
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(strings.ReplaceAll(canonicalSysctl(p), "/", "."), dotted)
		return err == nil && ok
	})
}
