// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"

	"github.com/chainlint/chainlint/internal/manifest"
)

// Intents are those among objects: every ChainIntent, and those that a ChainRender holds itself.
func Intents(objects []*manifest.Object) ([]Intent, Problems) {
	var all []Intent
	var ps Problems
	for _, o := range objects {
		switch ref := o.Ref(); {
		case !IsOwn(ref):
		case ref.Kind == kindIntent:
			intent, more := ParseIntent(o)
			all, ps = append(all, intent), append(ps, more...)
		case ref.Kind == kindRender:
			config, more := ParseConfig(o)
			all, ps = append(all, config.inline()...), append(ps, more...)
		default:
			ps = append(ps, CheckVersion(o)...)
		}
	}
	return all, append(ps, uniqueNames(all)...)
}

// Merge puts intents together into one that asks for all that they ask for: Public includes Private, what is
// said twice counts once, raw plugins come in the order of the intents' names. Where intents contradict each
// other, or themselves, the problems name both, and the result is of no use.
func Merge(intents []Intent) (IntentSpec, Problems) {
	w, ps := compose(intents, nil)
	return w.spec(), ps
}

// spec is the wish as one intent.
func (w wish) spec() IntentSpec {
	spec := IntentSpec{HostPorts: w.hostPorts(), IPv6LinkLocal: orZero(w.linkLocal)}
	for _, s := range w.sysctls {
		if spec.Sysctls == nil {
			spec.Sysctls = map[string]string{}
		}
		spec.Sysctls[s.name] = s.value
	}
	for _, raw := range w.raw {
		spec.Plugins = append(spec.Plugins, json.RawMessage(raw.value.Text))
	}
	return spec
}

func (w wish) hostPorts() *HostPorts {
	if w.exposure == nil {
		return nil
	}
	hp := &HostPorts{Exposure: w.exposure.value, Backend: orZero(w.backend), MarkChain: orZero(w.markChain)}
	if w.masqAll != nil {
		value := w.masqAll.value
		hp.MasqAll = &value
	}
	if w.symmetric != nil {
		hp.SymmetricRouting = &SymmetricRouting{}
	}
	for _, f := range symmetricFields {
		if s := w.symmetric[f.key]; s != nil {
			f.set(hp.SymmetricRouting, s.value)
		}
	}
	return hp
}

// orZero is what was said, or the zero value.
func orZero[T any](s *said[T]) (value T) {
	if s != nil {
		value = s.value
	}
	return value
}
