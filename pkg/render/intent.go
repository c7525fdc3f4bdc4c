// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"

	"github.com/chainlint/chainlint/internal/manifest"
)

// Intent is one ChainIntent and where it stands.
type Intent struct {
	// Name in messages, and the order of raw plugins.
	Name string
	Spec IntentSpec
	// Object it was read from, and the pointer of its spec in there.
	Object *manifest.Object
	Root   string
}

// IntentSpec is the spec of a ChainIntent. The zero value of a field means: no opinion. The published
// schema says what each field means.
type IntentSpec struct {
	HostPorts     *HostPorts        `json:"hostPorts,omitempty"`
	IPv6LinkLocal string            `json:"ipv6LinkLocal,omitempty"`
	Sysctls       map[string]string `json:"sysctls,omitempty"`
	// Plugins are raw entries, as written.
	Plugins []json.RawMessage `json:"plugins,omitempty"`
}

// HostPorts is the wish that pods may have host ports.
type HostPorts struct {
	Exposure         string            `json:"exposure"`
	Backend          string            `json:"backend,omitempty"`
	MarkChain        string            `json:"markChain,omitempty"`
	MasqAll          *bool             `json:"masqAll,omitempty"`
	SymmetricRouting *SymmetricRouting `json:"symmetricRouting,omitempty"`
}

// SymmetricRouting are the numbers of symmetric routing; zero means Terway's default.
type SymmetricRouting struct {
	Interface    string `json:"interface,omitempty"`
	Mark         int    `json:"mark,omitempty"`
	Mask         int    `json:"mask,omitempty"`
	TableID      int    `json:"tableID,omitempty"`
	RulePriority int    `json:"rulePriority,omitempty"`
	Backend      string `json:"backend,omitempty"`
}

// The values of enumerated fields.
const (
	Private  = "Private"
	Public   = "Public"
	Disabled = "Disabled"
	Kernel   = "Kernel"
)

// ParseIntent decodes a ChainIntent.
func ParseIntent(o *manifest.Object) (Intent, Problems) {
	in := Intent{Name: o.Ref().Name, Object: o, Root: "/spec"}
	return in, Decode(o, &in.Spec)
}

// problem points at a place in the intent.
func (in Intent) problem(class Class, code, pointer, format string, args ...any) Problem {
	return at(class, code, in.Object, in.Root+pointer, format, args...)
}
